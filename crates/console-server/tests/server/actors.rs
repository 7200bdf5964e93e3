//! Those who acted, one of them, when it was at work, and what is new: over a real index.

use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Browser, World, at};

const DAY: i64 = 86_400;

/// A document of something that was done.
struct Deed {
    second: i64,
    actor: &'static str,
    action: &'static str,
    severity: u64,
    country: &'static str,
    more: Value,
}

impl Deed {
    fn document(&self, sequence: u64) -> Value {
        let kind = if self.actor.starts_with("user_") { "user_actor" } else { "admin_api_key_actor" };
        let email = format!("{}@example.com", self.actor.trim_start_matches("user_"));
        let name = if kind == "user_actor" { email.as_str() } else { self.actor };
        let failed = self.action.ends_with("_failed");
        let mut document = json!({
            "@timestamp": at(self.second),
            "message": format!("{name} did {}", self.action),
            "event": {
                "id": format!("activity_{sequence}"), "sequence": sequence, "action": self.action,
                "category": [if self.severity > 40 { "iam" } else { "web" }], "type": ["info"],
                "outcome": if failed { "failure" } else { "success" }, "severity": self.severity,
            },
            "anthropic": { "audit": { "actor": { "id": self.actor, "name": name, "type": kind } } },
            "source": {
                "ip": "192.0.2.7", "geo": { "country_iso_code": self.country },
                "as": { "organization": { "name": "Example Networks" } },
            },
            "user_agent": { "name": "Chrome", "os": { "name": "Mac OS X" } },
            "user": { "email": if kind == "user_actor" { json!(email) } else { Value::Null } },
        });
        merge(&mut document, &self.more);
        document
    }
}

fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, more) => *into = more.clone(),
    }
}

fn deed(
    second: i64,
    actor: &'static str,
    action: &'static str,
    severity: u64,
    country: &'static str,
) -> Deed {
    Deed { second, actor, action, severity, country, more: Value::Null }
}

/// Twenty days ago Ana and Ben worked from Portugal; today Ana made a key from Japan, which then acted, and Ben failed.
fn story() -> Vec<Value> {
    let mut key = deed(-3_000, "user_ana", "admin_api_key_created", 73, "JP");
    key.more = json!({
        "event": { "type": ["admin", "creation"] }, "anthropic": { "audit": { "admin_api_key_id": "admin_api_key_9" } },
    });
    let mut promoted = deed(-2_500, "user_ben", "rbac_role_assigned", 73, "PT");
    promoted.more = json!({ "user": { "target": { "email": "ana@example.com" } } });
    let deeds = [
        deed(-20 * DAY, "user_ana", "chat_viewed", 10, "PT"),
        deed(-20 * DAY + 60, "user_ben", "chat_viewed", 10, "PT"),
        deed(-20 * DAY + 7_200, "user_ana", "chat_viewed", 10, "PT"),
        deed(-5_400, "user_ben", "sso_login_failed", 21, "PT"),
        deed(-5_390, "user_ben", "sso_login_failed", 21, "PT"),
        key,
        deed(-2_900, "apikey_9", "compliance_api_accessed", 10, "JP"),
        promoted,
        deed(-2_400, "user_ana", "chat_viewed", 10, "JP"),
    ];
    deeds.iter().zip(1..).map(|(deed, sequence)| deed.document(sequence)).collect()
}

async fn world() -> (World, Browser) {
    let world = World::searching(&story()).await;
    let browser = world.signed_in().await;
    (world, browser)
}

fn names<'a>(answer: &'a Value, list: &str, member: &str) -> Vec<&'a str> {
    answer[list].as_array().expect("a list").iter().map(|item| item[member].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn actors_are_listed_by_what_they_did() {
    let (_world, mut browser) = world().await;
    let today = format!("from={}&to={}", at(-DAY), at(0));
    for (parameters, expected) in [
        (today.clone(), &["user_ana", "user_ben", "apikey_9"][..]),
        (format!("{today}&sort=failures"), &["user_ben", "user_ana", "apikey_9"]),
        (format!("{today}&sort=last_seen"), &["user_ana", "user_ben", "apikey_9"]),
        (format!("{today}&sort=name"), &["user_ana", "apikey_9", "user_ben"]),
        (format!("{today}&sort=name&size=1&offset=1"), &["apikey_9"]),
        (format!("{today}&kind=admin_api_key_actor"), &["apikey_9"]),
        (format!("{today}&prefix=BE"), &["user_ben"]),
        (format!("{today}&query=source.geo.country_iso_code:JP"), &["user_ana", "apikey_9"]),
        (String::new(), &["user_ana", "user_ben", "apikey_9"]),
        (format!("from={}&to={}", at(DAY), at(2 * DAY)), &[]),
    ] {
        let answer = browser.get(&format!("/api/v1/actors?{parameters}")).await.json();
        let found = names(&answer, "actors", "id");
        if expected.len() == 3 && parameters == today {
            // Three and two and one: the order is by number.
            assert_eq!((&found[2], answer["total"].as_u64()), (&"apikey_9", Some(3)));
        }
        let (mut found, mut expected) = (found, expected.to_vec());
        if !parameters.contains("sort") {
            found.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(found, expected, "{parameters}");
    }
    let answer = browser.get(&format!("/api/v1/actors?{today}&prefix=ana")).await.json();
    let ana = &answer["actors"][0];
    assert_eq!((&ana["name"], &ana["type"]), (&json!("ana@example.com"), &json!("user_actor")));
    assert_eq!((&ana["events"], &ana["failures"], &ana["privileged"]), (&json!(2), &json!(0), &json!(1)));
    assert_eq!((&ana["countries"], &ana["agents"]), (&json!(["JP"]), &json!(["Chrome"])));
    assert_eq!(moment(&ana["first_seen"]), at(-3_000));
    let spark: u64 = ana["spark"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(spark, 2);
    assert_eq!(browser.get("/api/v1/actors?sort=luck").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.get("/api/v1/actors?query=event.acton:x").await.json()["error"]["column"], 1);
}

fn moment(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

#[tokio::test]
async fn one_actor_is_told_with_keys_and_what_they_did() {
    let (_world, mut browser) = world().await;
    let today = format!("from={}&to={}&time_zone=Asia/Tokyo", at(-DAY), at(0));
    let ana = browser.get(&format!("/api/v1/actors/user_ana?{today}")).await.json();
    assert_eq!((&ana["email"], &ana["events"]), (&json!("ana@example.com"), &json!(2)));
    assert_eq!((&ana["ever"]["events"], moment(&ana["ever"]["first_seen"])), (&json!(4), at(-20 * DAY)));
    let key = &ana["keys"][0];
    assert_eq!((&key["id"], &key["event_id"]), (&json!("admin_api_key_9"), &json!("activity_6")));
    assert_eq!((&key["uses"]["actor_id"], &key["uses"]["events"]), (&json!("apikey_9"), &json!(1)));
    assert_eq!(names(&ana, "access_changes", "id"), ["activity_8"]);
    assert_eq!(names(&ana, "places", "country"), ["JP"]);
    assert_eq!((&ana["places"][0]["city"], &ana["places"][0]["addresses"]), (&Value::Null, &json!(1)));
    assert_eq!(
        (&ana["agents"][0]["os"], &ana["networks"][0]["name"]),
        (&json!("Mac OS X"), &json!("Example Networks"))
    );
    let days: u64 =
        ana["calendar"].as_array().unwrap().iter().map(|day| day["count"].as_u64().unwrap()).sum();
    assert_eq!(days, 2);
    assert_eq!(ana["actions"].as_array().unwrap().len(), 2);
    assert_eq!(browser.get("/api/v1/actors/user_nobody").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_actors_work_is_cut_at_its_pauses() {
    let (_world, mut browser) = world().await;
    let answer = browser.get("/api/v1/actors/user_ana/sessions").await.json();
    let events: Vec<&Value> =
        answer["sessions"].as_array().unwrap().iter().map(|one| &one["events"]).collect();
    assert_eq!(events, [2, 1, 1]);
    assert_eq!((&answer["sessions"][0]["country"], &answer["more"]), (&json!("JP"), &json!(false)));
    let newest = browser.get("/api/v1/actors/user_ana/sessions?size=1").await.json();
    assert_eq!((newest["sessions"].as_array().unwrap().len(), &newest["more"]), (1, &json!(true)));
}

#[tokio::test]
async fn what_nothing_before_has_is_told() {
    let (world, mut browser) = world().await;
    let path = format!("/api/v1/first-seen?from={}&to={}", at(-DAY), at(0));
    let answer = browser.get(&path).await.json();
    let found: Vec<(&str, &str)> =
        names(&answer, "items", "kind").into_iter().zip(names(&answer, "items", "value")).collect();
    assert_eq!(found, [("key", "apikey_9"), ("country", "JP")]);
    assert_eq!((&answer["items"][1]["event_id"], &answer["reason"]), (&json!("activity_6"), &Value::Null));
    assert_eq!(answer["items"][1]["actor"]["name"], "ana@example.com");
    let whole = browser.get(&format!("/api/v1/first-seen?from={}&to={}", at(-20 * DAY), at(0))).await.json();
    assert_eq!(whole["items"], json!([]));
    assert!(whole["reason"].as_str().unwrap().contains("too shortly"), "{whole}");
    drop(world);
}

#[tokio::test]
async fn what_was_asked_about_somebody_is_in_the_access_log() {
    let (_world, mut browser) = world().await;
    for path in ["actors?query=event.outcome:failure", "actors/user_ben", "actors/user_ben/sessions"] {
        assert_eq!(browser.get(&format!("/api/v1/{path}")).await.status, StatusCode::OK, "{path}");
    }
    for text in ["actors · event.outcome:failure", "actor user_ben", "sessions of user_ben"] {
        let log = browser.get("/api/v1/access-log?action=search").await.json();
        let details = names(&log, "entries", "detail");
        assert!(details.iter().any(|detail| detail.starts_with(text)), "{text}: {details:?}");
    }
}
