//! What administrators can have done, and that nobody else can.

use console_server::Role;
use ledger::{Refused, SinkStore};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, World, at};

/// A world whose sink would not take either of its activities.
async fn world() -> World {
    let world = World::acting().await;
    let mut store = SinkStore::open(&world.folder.path().join("ledger.sqlite")).expect("the ledger opens");
    store.begin("siem", 0).expect("a sink");
    let refused = [1, 2].map(|sequence| Refused { sequence, reason: "field [x] is of another type" });
    store.settle("siem", 0, 2, &refused, at(3)).expect("it settles");
    world
}

fn every_action() -> [(&'static str, Value); 4] {
    [
        ("/api/v1/dead-letters/retry", json!({ "sink": "siem" })),
        ("/api/v1/dead-letters/drop", json!({ "sink": "siem", "all": true })),
        ("/api/v1/trail/verify", json!({})),
        ("/api/v1/trail/attestation", json!({})),
    ]
}

async fn letters(browser: &mut Browser, parameters: &str) -> (Vec<u64>, Value) {
    let answer = browser.get(&format!("/api/v1/dead-letters?sink=siem{parameters}")).await.json();
    let list = answer["dead_letters"].as_array().expect("a list").iter();
    (list.map(|letter| letter["sequence"].as_u64().expect("a number")).collect(), answer["next"].clone())
}

#[tokio::test]
async fn a_viewer_looks_on_and_has_nothing_done() {
    let world = world().await;
    let mut viewer = world.signed_in_as("vera", Role::Viewer).await;
    assert_eq!(viewer.get("/api/v1/session").await.json()["actions"], json!([]));
    assert_eq!(letters(&mut viewer, "").await.0, [1, 2], "what is wrong is for everybody to see");
    for (path, body) in every_action() {
        let answer = viewer.post(path, body).await;
        assert_eq!((answer.status, answer.kind().as_str()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
    }
    for path in ["/api/v1/access-log"] {
        assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(letters(&mut viewer, "").await.0, [1, 2]);
}

#[tokio::test]
async fn an_action_needs_the_token_of_its_session() {
    let world = world().await;
    let mut forged = world.signed_in().await;
    forged.csrf = None;
    for (path, body) in every_action() {
        let answer = forged.post(path, body).await;
        assert_eq!((answer.status, answer.kind().as_str()), (StatusCode::FORBIDDEN, "csrf"), "{path}");
    }
    assert_eq!(letters(&mut forged, "").await.0, [1, 2]);
}

#[tokio::test]
async fn dead_letters_are_listed_sent_again_and_let_go() {
    let world = world().await;
    let mut browser = world.signed_in().await;
    let answer = browser.get("/api/v1/dead-letters?sink=siem&size=1").await.json();
    let letter = &answer["dead_letters"][0];
    assert_eq!((&letter["event_id"], &letter["attempts"]), (&json!("activity_1"), &json!(1)));
    assert_eq!(letter["sentence"], "ana@example.com signed in with SSO");
    assert_eq!(
        (letter["reason"].as_str(), &answer["next"]),
        (Some("field [x] is of another type"), &json!(1))
    );
    assert_eq!(letters(&mut browser, "&after=1&size=1").await, (vec![2], json!(2)));
    assert_eq!(letters(&mut browser, "&after=2").await, (vec![], Value::Null));

    for (body, status) in [
        (json!({ "sink": "siem" }), StatusCode::BAD_REQUEST),
        (json!({ "sink": "siem", "sequences": [] }), StatusCode::BAD_REQUEST),
        (json!({ "sink": "siem", "sequences": [1], "all": true }), StatusCode::BAD_REQUEST),
        (json!({ "sink": "other", "all": true }), StatusCode::NOT_FOUND),
        (json!({ "sink": "siem", "sequence": 1 }), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(browser.post("/api/v1/dead-letters/drop", body.clone()).await.status, status, "{body}");
    }
    let retried =
        browser.post("/api/v1/dead-letters/retry", json!({ "sink": "siem", "sequences": [2] })).await;
    assert_eq!(retried.json()["delivered"], 1);
    let dropped = browser.post("/api/v1/dead-letters/drop", json!({ "sink": "siem", "all": true })).await;
    assert_eq!(dropped.json(), json!({ "dropped": 1 }));
    assert_eq!(letters(&mut browser, "").await.0, Vec::<u64>::new());
    for (action, detail) in [("retry_dead_letters", "siem · 2"), ("drop_dead_letters", "siem · all")] {
        let log = browser.get(&format!("/api/v1/access-log?action={action}")).await.json();
        assert_eq!(
            (&log["entries"][0]["detail"], &log["entries"][0]["user"]),
            (&json!(detail), &json!("operator"))
        );
    }
}

#[tokio::test]
async fn one_action_at_a_time_and_a_failed_one_is_in_the_log() {
    let world = world().await;
    let mut browser = world.signed_in().await;
    let found = browser.post("/api/v1/trail/verify", json!({})).await.json();
    assert_eq!(
        (&found["ok"], &found["by"], &found["activities"]),
        (&json!(true), &json!("operator"), &json!(2))
    );

    // The attestation of this world waits until it is told to go on, and then there is no key.
    let waiting = {
        let mut browser = browser.clone();
        tokio::spawn(
            async move { browser.post("/api/v1/trail/attestation", json!({ "feed": "acme" })).await },
        )
    };
    world.action_began().await;
    let busy = browser.post("/api/v1/trail/verify", json!({})).await;
    assert_eq!((busy.status, busy.kind().as_str()), (StatusCode::CONFLICT, "busy"));
    world.go_on();
    let refused = waiting.await.expect("an answer");
    assert_eq!((refused.status, refused.kind().as_str()), (StatusCode::CONFLICT, "no_signing_key"));
    let log = browser.get("/api/v1/access-log?action=attest").await.json();
    let outcomes: Vec<&str> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failure", "success"], "that it was asked for, and what came of it");
    let again = browser.post("/api/v1/trail/verify", json!({})).await;
    assert_eq!(again.status, StatusCode::OK, "the failed one let go of the turn");
}

#[tokio::test]
async fn without_actions_the_console_only_shows() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    assert_eq!(browser.get("/api/v1/session").await.json()["actions"], json!([]));
    let answer = browser.send(Method::POST, "/api/v1/trail/verify", Some(json!({}))).await;
    assert_eq!((answer.status, answer.kind().as_str()), (StatusCode::CONFLICT, "no_actions"));
}
