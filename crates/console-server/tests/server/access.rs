//! The access log and saved searches.

use console_server::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, World};

async fn log(browser: &mut Browser, parameters: &str) -> Vec<Value> {
    let answer = browser.get(&format!("/api/v1/access-log?{parameters}")).await.json();
    answer["entries"].as_array().expect("entries").clone()
}

#[tokio::test]
async fn who_came_in_and_what_they_looked_at_can_be_searched() {
    let world = World::new().await;
    let mut admin = world.signed_in().await;
    let mut ana = world.signed_in_as("ana", Role::Viewer).await;
    let wrong = json!({ "user": "ana", "password": "guess" });
    assert_eq!(world.browser().post("/login", wrong).await.status, StatusCode::UNAUTHORIZED);
    for _ in 0..3 {
        ana.get("/api/v1/events/activity_1").await;
    }
    world.pass(11 * 60);
    ana.get("/api/v1/events/activity_1").await;

    let lines = log(&mut admin, "").await;
    let told: Vec<(&str, &str, &str, i64)> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (text("user"), text("action"), text("outcome"), line["times"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ana", "event", "success", 1),
            ("ana", "event", "success", 3),
            ("ana", "sign-in", "failure", 1),
            ("ana", "sign-in", "success", 1),
            ("operator", "sign-in", "success", 1),
        ]
    );
    assert!(lines.iter().all(|line| line["address"] == "127.0.0.1"));
    for (parameters, count) in [
        ("user=operator", 1),
        ("action=event", 2),
        ("text=ACTIVITY_1", 2),
        ("text=100%25", 0),
        ("action=sign-in&size=2", 2),
        ("from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(log(&mut admin, parameters).await.len(), count, "{parameters}");
    }
    let second = lines[1]["id"].as_i64().unwrap();
    assert_eq!(log(&mut admin, &format!("before={second}")).await.len(), 3, "the next page");
    assert_eq!(ana.get("/api/v1/access-log").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_query_and_export_is_in_the_log_as_it_was_asked() {
    let document = json!({
        "@timestamp": "2026-11-23T08:14:05Z", "message": "somebody did something",
        "event": { "id": "activity_1", "sequence": 1, "action": "chat_viewed", "outcome": "failure" },
    });
    let world = World::searching(&[document]).await;
    let mut admin = world.signed_in().await;
    let mut ana = world.signed_in_as("ana", Role::Viewer).await;
    let filters = json!([{ "query": "event.action:chat_*", "negate": false }, { "query": "message:x", "enabled": false }]);
    let asked = json!({ "query": "event.outcome:failure", "filters": filters, "from": "2026-11-01" });
    assert_eq!(ana.post("/api/v1/search", asked).await.json()["total"], 1);
    assert_eq!(ana.post("/api/v1/search", json!({ "query": "a:" })).await.status, StatusCode::BAD_REQUEST);
    // A screen that refreshes itself asks from another moment each time, and it is the same question.
    for second in [0, 30] {
        let now = world.now() + jiff::SignedDuration::from_secs(second);
        let asked = json!({ "from": "now-24h", "to": "now", "now": now });
        assert_eq!(ana.post("/api/v1/search", asked).await.json()["range"]["to"], json!(now));
    }
    for (parameters, lines) in [
        ("query=event.outcome:failure", 1),
        ("query=event.outcome:success", 0),
        ("schema=raw&to=2026-11-24", 1),
        ("format=csv&fields=event.id,labels.team", 2),
    ] {
        let export = ana.get(&format!("/api/v1/export?{parameters}")).await;
        assert_eq!((export.status, export.text.lines().count()), (StatusCode::OK, lines), "{parameters}");
    }
    // A column is a field that there is, or one that the user's processors add.
    let refused = ana.get("/api/v1/export?format=csv&fields=event.id,labels.nobody").await;
    assert_eq!((refused.status, refused.kind().as_str()), (StatusCode::BAD_REQUEST, "unknown_field"));
    let details = |lines: &[Value]| -> Vec<String> {
        lines.iter().map(|line| line["detail"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        details(&log(&mut admin, "user=ana&action=search").await),
        ["everything · now-24h → now", "event.outcome:failure · event.action:chat_* · 2026-11-01 → …"],
        "a question that cannot be read shows nothing"
    );
    assert_eq!(
        details(&log(&mut admin, "user=ana&action=export").await),
        [
            "everything · … → … · ecs csv",
            "everything · … → 2026-11-24 · raw ndjson",
            "event.outcome:success · … → … · ecs ndjson",
            "event.outcome:failure · … → … · ecs ndjson",
        ]
    );
    assert_eq!(log(&mut admin, "text=OUTCOME:fail").await.len(), 2, "the log can be searched");
}

#[tokio::test]
async fn searches_are_saved_seen_by_all_and_dropped_by_their_owner() {
    let world = World::new().await;
    let mut ana = world.signed_in_as("ana", Role::Viewer).await;
    let mut bob = world.signed_in_as("bob", Role::Viewer).await;
    let saved = ana.post("/api/v1/saved-searches", json!({ "name": " Keys ", "state": "q=a" })).await.json();
    assert_eq!(
        (&saved["name"], &saved["owner"], &saved["state"]),
        (&json!("Keys"), &json!("ana"), &json!("q=a"))
    );
    let again = ana.post("/api/v1/saved-searches", json!({ "name": "Keys", "state": "q=b" })).await.json();
    assert_eq!(again["id"], saved["id"], "the same name is replaced");
    let listed = bob.get("/api/v1/saved-searches").await.json();
    assert_eq!(listed["saved_searches"].as_array().unwrap().len(), 1);
    assert_eq!(listed["saved_searches"][0]["state"], "q=b");
    let path = format!("/api/v1/saved-searches/{}", saved["id"]);
    assert_eq!(bob.send(Method::DELETE, &path, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ana.send(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    let nameless = ana.post("/api/v1/saved-searches", json!({ "name": "  ", "state": "" })).await;
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
}
