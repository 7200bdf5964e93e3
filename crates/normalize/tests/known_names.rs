//! Names learnt from activities, and said again where an activity leaves them out.

use std::sync::Arc;

use normalize::known_names::{NameHistory, learn};
use normalize::{Context, Normalizer};
use serde_json::{Value, json};

use crate::support::normalized_by;

fn normalizer() -> Normalizer {
    Normalizer::default().with_names(Arc::new(NameHistory::default()))
}

fn at(normalizer: &Normalizer, sequence: u64, row: &Value) -> Value {
    let context = Context { sequence: Some(sequence), ..Context::default() };
    normalized_by(normalizer, row.to_string().as_bytes(), &context).0
}

fn row(kind: &str, actor: &Value, members: &Value) -> Value {
    let mut row = json!({"id": "a", "created_at": "2026-11-23T08:14:05Z", "organization_id": "org_1", "type": kind, "actor": actor});
    for (name, value) in members.as_object().expect("members") {
        row[name] = value.clone();
    }
    row
}

fn ana() -> Value {
    json!({"type": "user_actor", "user_id": "user_1", "email_address": "ana@example.com"})
}

fn key() -> Value {
    json!({"type": "api_actor", "api_key_id": "apikey_01JX2M9QK"})
}

#[test]
fn a_key_is_called_by_its_name_wherever_it_acts() {
    let normalizer = normalizer();
    let acts = row("compliance_api_accessed", &key(), &json!({}));
    let called = |sequence| at(&normalizer, sequence, &acts)["anthropic"]["audit"]["actor"]["name"].clone();
    assert_eq!(called(1), "API key apikey_01JX2M9QK");

    let id = json!({"admin_api_key_id": "admin_api_key_01JX2M9QK", "scopes": ["read:x"]});
    at(&normalizer, 2, &row("admin_api_key_created", &ana(), &id));
    assert_eq!(
        called(3),
        "Admin key …JX2M9QK"[..].replace("JX2M9QK", "X2M9QK") + ", made by ana@example.com"
    );

    let renamed = json!({"admin_api_key_id": "admin_api_key_01JX2M9QK", "updates": [{"type": "status", "current_value": "active"}, {"type": "name", "previous_value": null, "current_value": "ci-deploy"}]});
    at(&normalizer, 4, &row("admin_api_key_updated", &ana(), &renamed));
    assert_eq!(called(5), "ci-deploy (admin key …X2M9QK)");
    let document = at(&normalizer, 5, &acts);
    assert_eq!(document["message"], "ci-deploy (admin key …X2M9QK) called the Compliance API");
    assert_eq!(document["anthropic"]["audit"]["actor"]["id"], "apikey_01JX2M9QK", "the id stays");

    // As of then: a replay says what was said before.
    assert_eq!(called(1), "API key apikey_01JX2M9QK");
    assert!(called(3).as_str().is_some_and(|name| name.starts_with("Admin key")));
}

#[test]
fn a_short_key_is_called_whole() {
    let normalizer = normalizer();
    let named = json!({"admin_api_key_id": "admin_api_key_01J", "name": "ci-deploy"});
    at(&normalizer, 1, &row("admin_api_key_created", &ana(), &named));
    let acts =
        row("compliance_api_accessed", &json!({"type": "api_actor", "api_key_id": "apikey_01J"}), &json!({}));
    assert_eq!(
        at(&normalizer, 2, &acts)["anthropic"]["audit"]["actor"]["name"],
        "ci-deploy (admin key …01J)"
    );
}

#[test]
fn what_an_activity_leaves_out_is_added() {
    let normalizer = normalizer();
    let before = at(&normalizer, 1, &row("group_viewed", &ana(), &json!({"group_id": "group_1"})));
    assert_eq!(before["organization"], json!({"id": "org_1"}));
    assert_eq!(before["anthropic"]["audit"].get("group_name"), None);

    at(
        &normalizer,
        2,
        &row(
            "group_created",
            &ana(),
            &json!({"group_id": "group_1", "group_name": "Legal \"A\"", "org_name": "Acme"}),
        ),
    );
    at(
        &normalizer,
        3,
        &row("rbac_role_created", &ana(), &json!({"role_id": "role_1", "role_name": "Auditor"})),
    );
    let ben = json!({"user_id": "user_2", "user_email": "ben@example.com"});
    at(&normalizer, 4, &row("org_user_viewed", &ana(), &ben));

    let group = at(&normalizer, 5, &row("group_viewed", &ana(), &json!({"group_id": "group_1"})));
    assert_eq!(group["anthropic"]["audit"]["group_name"], "Legal \"A\"");
    assert_eq!(group["organization"], json!({"id": "org_1", "name": "Acme"}));

    let granted = json!({"role_id": "role_1", "principal_type": "user", "principal_id": "user_2"});
    let role = at(
        &normalizer,
        6,
        &row("rbac_role_assigned", &json!({"type": "user_actor", "user_id": "user_1"}), &granted),
    );
    assert_eq!(role["anthropic"]["audit"]["role_name"], "Auditor");
    assert_eq!(role["user"]["target"]["email"], "ben@example.com");
    assert_eq!(role["user"]["email"], "ana@example.com");
    assert_eq!(role["related"]["user"], json!(["ana@example.com", "ben@example.com", "user_1", "user_2"]));
    assert!(
        role["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("ana@example.com ") && text.contains("ben@example.com")),
        "{}",
        role["message"]
    );
}

#[test]
fn within_a_stream_the_latest_name_holds() {
    let normalizer = normalizer();
    let say = |row: &Value| normalized_by(&normalizer, row.to_string().as_bytes(), &Context::default()).0;
    for name in ["Acme", "Acme Robotics"] {
        say(&row("group_viewed", &ana(), &json!({"group_id": "group_1", "org_name": name})));
        assert_eq!(
            say(&row("group_viewed", &ana(), &json!({"group_id": "group_1"})))["organization"]["name"],
            name
        );
    }
}

#[test]
fn what_is_learnt_is_told_once_and_in_any_order() {
    let raw = row(
        "admin_api_key_updated",
        &ana(),
        &json!({"admin_api_key_id": "admin_api_key_01J", "updates": [{"type": "name", "current_value": "x"}]}),
    );
    let learnt = learn(raw.to_string().as_bytes());
    let told: Vec<_> = learnt.iter().map(|name| (name.kind, name.id.as_str(), name.name.as_str())).collect();
    assert_eq!(told, [("user", "user_1", "ana@example.com"), ("key", "01J", "x (admin key …01J)")]);
    for nothing in
        ["", "[]", "{\"type\":7}", "{\"type\":\"group_created\",\"group_id\":\"\",\"group_name\":\"x\"}"]
    {
        assert_eq!(learn(nothing.as_bytes()), [], "{nothing}");
    }
    let history = NameHistory::default();
    assert!(history.learn(9, "user", "u", "new@example.com"));
    assert!(history.learn(3, "user", "u", "old@example.com"));
    assert!(!history.learn(5, "user", "u", "old@example.com"), "nothing new");
    let found = |sequence| history.find("user", "u", sequence);
    for (sequence, name) in
        [(2, None), (3, Some("old@example.com")), (8, Some("old@example.com")), (9, Some("new@example.com"))]
    {
        assert_eq!(found(sequence).as_deref(), name, "{sequence}");
    }
}
