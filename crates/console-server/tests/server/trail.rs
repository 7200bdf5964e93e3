//! What the ledger knows: coverage, provenance, and what is new.

use std::sync::Arc;

use console_server::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, PATIENCE, World, append, at, fields};

#[tokio::test]
async fn an_activity_tells_where_it_came_from() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    let found = browser.get("/api/v1/events/activity_1").await.json();
    assert_eq!(found["document"]["message"], "ana@example.com signed in with SSO");
    assert!(found["raw"].as_str().unwrap().contains("\"user_id\":\"user_1\""));
    let provenance = &found["provenance"];
    assert_eq!((&provenance["sequence"], &provenance["feed"]), (&json!(1), &json!("acme")));
    assert_eq!((&provenance["lag_seconds"], &provenance["late"]), (&json!(52.0), &json!(false)));
    assert_eq!(provenance["page"]["request_id"], "req_1");
    assert_eq!(provenance["page"]["body_sha256"], "09".repeat(32));
    assert_eq!(provenance["first_drained"]["gte"], json!(at(-60)));
    assert_eq!(browser.get("/api/v1/events/none").await.status, StatusCode::NOT_FOUND);

    let mut ledger = world.ledger();
    let feed = ledger.register_feed("acme", "scope", at(5)).unwrap();
    append(&mut ledger, feed, &[("activity_late", -30)], Some((-60, 0)));
    let late = browser.get("/api/v1/events/activity_late").await.json();
    assert_eq!(late["provenance"]["late"], true);
}

#[tokio::test]
async fn coverage_has_no_holes() {
    let world = World::new().await;
    world.pass(30);
    let mut browser = world.signed_in().await;
    let path = format!("/api/v1/coverage?from={}&to={}", at(-120), at(60));
    let answer = browser.get(&path).await.json();
    let intervals = answer["feeds"][0]["intervals"].as_array().unwrap().clone();
    let states: Vec<&str> = intervals.iter().map(|interval| interval["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["outside", "complete", "unsettled", "outside"]);
    assert_eq!((&intervals[0]["gte"], &intervals[3]["lt"]), (&json!(at(-120)), &json!(at(60))));
    for pair in intervals.windows(2) {
        assert_eq!(pair[0]["lt"], pair[1]["gte"]);
    }
    let trail = browser.get("/api/v1/trail").await.json();
    assert_eq!(trail["ledger"]["sequence"], 2);
}

/// Reads events off a stream until one of this name has passed, and returns the bodies of all of them by name.
async fn until(stream: &mut reqwest::Response, name: &str) -> Vec<(String, Value)> {
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, async {
        loop {
            let whole = text.rfind("\n\n").map_or(0, |end| end + 2);
            let events: Vec<(String, Value)> = text[..whole].split("\n\n").filter_map(event).collect();
            if events.iter().any(|(found, _)| found == name) {
                return events;
            }
            let chunk = stream.chunk().await.expect("the stream goes on").expect("the stream goes on");
            text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    })
    .await
    .expect("the event comes")
}

fn event(block: &str) -> Option<(String, Value)> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some((field("event: ")?.to_owned(), serde_json::from_str(field("data: ")?).ok()?))
}

async fn follow(browser: &Browser, last: Option<u64>) -> reqwest::Response {
    let mut request = browser.request(Method::GET, "/api/v1/live");
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

#[tokio::test]
async fn a_new_activity_is_sent_to_whoever_watches() {
    let world = World::new().await;
    let browser = world.signed_in().await;
    let mut stream = follow(&browser, None).await;
    let first = until(&mut stream, "status").await;
    assert_eq!(first[0].1["sequence"], 2);
    assert!(first.iter().all(|(name, _)| name != "activity"), "only what is new");

    let mut ledger = world.ledger();
    let feed = ledger.register_feed("acme", "scope", at(5)).unwrap();
    append(&mut ledger, feed, &[("activity_3", 4)], None);
    let news = until(&mut stream, "activity").await;
    let (_, body) = news.iter().find(|(name, _)| name == "activity").unwrap();
    assert_eq!((&body["id"], &body["sequence"]), (&json!("activity_3"), &json!(3)));
    assert_eq!(body["sentence"], "ana@example.com signed in with SSO");
    assert_eq!(body["document"]["event"]["id"], "activity_3");

    let mut again = follow(&browser, Some(1)).await;
    let missed = until(&mut again, "status").await;
    let ids: Vec<&str> = missed.iter().filter_map(|(_, body)| body["id"].as_str()).collect();
    assert_eq!(ids, ["activity_2", "activity_3"], "a browser that reconnects goes on where it was");
}

#[tokio::test]
async fn an_activity_is_told_once_it_can_be_found() {
    let document = |sequence: u64| {
        let event = json!({ "id": format!("activity_{sequence}"), "sequence": sequence, "action": "x" });
        json!({ "@timestamp": at(1), "event": event })
    };
    let world = World::searching(&[document(1), document(2)]).await;
    let browser = world.signed_in().await;
    let mut stream = follow(&browser, None).await;
    until(&mut stream, "status").await;
    let mut ledger = world.ledger();
    let feed = ledger.register_feed("acme", "scope", at(5)).unwrap();
    append(&mut ledger, feed, &[("activity_3", 4)], None);
    let pulse = until(&mut stream, "status").await;
    assert_eq!(pulse[0].1["sequence"], 3, "the ledger has it, the index does not: {pulse:?}");

    let mut writer = index::Writer::open(&world.folder.path().join("index"), &fields()).unwrap();
    writer.add(3, "activity_3", document(3).to_string().as_bytes()).unwrap();
    writer.commit().unwrap();
    let news = until(&mut stream, "activity").await;
    assert!(news.iter().any(|(name, body)| name == "activity" && body["id"] == "activity_3"), "{news:?}");
}

#[tokio::test]
async fn many_watch_and_see_the_same_and_one_too_many_is_told() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(follow(&browser, None).await);
    }
    let refused = browser.get("/api/v1/live").await;
    assert_eq!(
        (refused.status, refused.kind().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "too_many_streams")
    );
    let mut ledger = world.ledger();
    let feed = ledger.register_feed("acme", "scope", at(5)).unwrap();
    append(&mut ledger, feed, &[("activity_3", 4), ("activity_4", 4)], None);
    append(&mut ledger, feed, &[("activity_5", 5)], None);
    for stream in &mut streams {
        let mut ids: Vec<String> = Vec::new();
        while ids.len() < 3 {
            let news = until(stream, "activity").await;
            ids.extend(news.iter().filter_map(|(_, body)| body["id"].as_str().map(str::to_owned)));
        }
        assert_eq!(ids, ["activity_3", "activity_4", "activity_5"]);
    }
    streams.pop();
    let started = std::time::Instant::now();
    while browser.request(Method::GET, "/api/v1/live").send().await.unwrap().status() != StatusCode::OK {
        assert!(started.elapsed() < PATIENCE, "a stream that went away makes room");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_flood_is_counted_instead_of_sent() {
    let world = World::new().await;
    let browser = world.signed_in().await;
    let mut ledger = world.ledger();
    let feed = ledger.register_feed("acme", "scope", at(5)).unwrap();
    let ids: Vec<String> = (0..300).map(|number| format!("flood_{number}")).collect();
    let rows: Vec<(&str, i64)> = ids.iter().map(|id| (id.as_str(), 3)).collect();
    append(&mut ledger, feed, &rows, None);
    let mut stream = follow(&browser, Some(2)).await;
    let events = until(&mut stream, "status").await;
    assert_eq!(events[0], ("skipped".to_owned(), json!({ "count": 100 })));
    assert_eq!(events.iter().filter(|(name, _)| name == "activity").count(), 200);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let world = Arc::new(World::new().await);
    let ana = world.signed_in_as("ana", Role::Viewer).await;
    let mut stream = follow(&ana, None).await;
    until(&mut stream, "status").await;
    world.store.remove_user("ana").unwrap();
    until(&mut stream, "ended").await;
    let rest = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("the stream ends");
    assert!(matches!(rest, Ok(None)), "{rest:?}");
}
