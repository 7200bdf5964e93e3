//! OCSF events: against the published schema, by a public validator, and by table.

use std::io::Write as _;
use std::process::{Command, Stdio};

use normalize::catalog::{self, ocsf::OCSF_VERSION};
use normalize::{Normalizer, NormalizerOptions};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::generator::{activity, activity_by};
use crate::properties::mutated_activity;
use crate::published::fetched;
use crate::rules::actors;
use crate::support::{context, enriching, keeping_original};

/// What those who read our events may have moved on to: they are held against its schema too.
pub(crate) const NEWEST_OCSF: &str = "1.8.0";

fn event_by(normalizer: &Normalizer, raw: &[u8]) -> (String, Value) {
    let mut out = Vec::new();
    normalizer.ocsf(raw, &context(), &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    let event: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (text, event)
}

fn event(raw: &str) -> Value {
    event_by(&Normalizer::default(), raw.as_bytes()).1
}

/// Records that are no activities, or odd ones.
fn odd() -> Vec<Vec<u8>> {
    let with = |members: &str| {
        format!(r#"{{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"claude_file_viewed"{members}}}"#)
            .into_bytes()
    };
    vec![
        b"".to_vec(),
        b"[1,2]".to_vec(),
        b"{\"id\":".to_vec(),
        b"{\"id\":7,\"type\":9}".to_vec(),
        br#"{"id":"activity_1","type":"sso_login_failed","created_at":"yesterday"}"#.to_vec(),
        br#"{"id":"activity_1","type":"sso_login_failed","created_at":"+010000-01-01T00:00:00Z","actor":null}"#.to_vec(),
        br#"{"id":"activity_1","type":"quantum_vault_created","vault_id":"v","actor":{"type":"robot_actor","robot_id":"r"}}"#.to_vec(),
        br#"{"id":"activity_1","type":"quantum_login_succeeded","actor":{"type":"user_actor","email_address":"not an address"}}"#.to_vec(),
        with(""),
        with(r#","actor":7,"claude_file_id":9"#),
        with(r#","actor":{"type":"user_actor","ip_address":"nowhere","user_agent":""},"filename":"a\"b\\c""#),
        with(&format!(r#","wrong":"{}""#, "x".repeat(40_000))),
        with(&format!(r#","deep":{}1{}"#, "[".repeat(200), "]".repeat(200))),
    ]
}

/// Every type in several variants, every kind of actor, every odd record.
fn all_events() -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for normalizer in [Normalizer::default(), enriching(), keeping_original()] {
        for entry in catalog::all() {
            for variant in 0..4 {
                events.push(event_by(&normalizer, activity(entry.name, variant).as_bytes()));
            }
        }
        for (_, actor) in actors() {
            for kind in [
                "group_viewed",
                "claude_file_viewed",
                "compliance_api_accessed",
                "sso_login_succeeded",
                "org_user_deleted",
            ] {
                events.push(event_by(&normalizer, activity_by(kind, 0, &actor).as_bytes()));
            }
        }
        events.extend(odd().iter().map(|raw| event_by(&normalizer, raw)));
    }
    // The same ones every time, so that a failure can be looked at again.
    let mut runner = TestRunner::deterministic();
    for _ in 0..2_000 {
        let mutated = mutated_activity().new_tree(&mut runner).expect("an activity").current();
        events.push(event_by(&Normalizer::default(), mutated.to_string().as_bytes()));
    }
    events
}

#[test]
fn every_event_is_valid_by_the_published_schema() {
    let Some(python) = fetched(".venv/bin/python") else { return };
    let script = fetched("ocsf.py").expect("the script is part of the repository");
    let mut validator = Command::new(python)
        .arg(script)
        .args([OCSF_VERSION, NEWEST_OCSF])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let events = all_events();
    let lines: Vec<&str> = events.iter().map(|(text, _)| text.as_str()).collect();
    let lines = lines.join("\n");
    let mut input = validator.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = validator.wait_with_output().expect("python ends");
    writer.join().expect("no panic").expect("everything was read");
    let said = String::from_utf8_lossy(&output.stdout);
    let counted = json!({ "checked": events.len(), "failed": 0 });
    let last: Value =
        said.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    assert_eq!(last, counted, "{said}");
    assert!(output.status.success() && events.len() > 6_000);
}

#[test]
fn every_known_type_has_a_class_of_its_own_row() {
    for entry in catalog::all() {
        let (text, event) = event_by(&Normalizer::default(), activity(entry.name, 0).as_bytes());
        assert_eq!(text, event.to_string(), "sorted, and each key once");
        assert_eq!(event["class_uid"], entry.ocsf.class.uid(), "{}", entry.name);
        assert_eq!(event["metadata"]["event_code"], entry.name);
        assert_eq!(event["metadata"].get("debug"), None, "{}", entry.name);
        assert!(!entry.ocsf.object.is_empty(), "{}", entry.name);
    }
}

#[test]
fn types_are_of_the_class_that_people_look_for_them_in() {
    for (name, type_uid) in [
        ("sso_login_failed", 300_201),
        ("user_logged_out", 300_202),
        ("org_user_deleted", 300_106),
        ("org_user_invite_sent", 300_101),
        ("admin_api_key_created", 300_401),
        ("org_sso_toggled", 300_403),
        ("org_ip_restriction_deleted", 300_404),
        ("mcp_server_created", 300_401),
        ("role_assignment_granted", 300_501),
        ("rbac_role_unassigned", 300_502),
        ("group_member_added", 300_603),
        ("claude_chat_viewed", 600_102),
        ("claude_artifact_sharing_updated", 600_108),
        ("compliance_api_accessed", 600_302),
        ("claude_file_uploaded", 600_601),
        ("org_data_export_accessed", 600_602),
    ] {
        // The generated call of the API deletes; without its method, the table speaks.
        let raw = activity(name, 0).replace("\"request_method\"", "\"no_method\"");
        assert_eq!(event(&raw)["type_uid"], type_uid, "{name}");
    }
    let unknown = |name: &str| event(&format!(r#"{{"id":"a","type":"{name}"}}"#))["type_uid"].clone();
    for (name, type_uid) in [
        ("quantum_vault_created", 600_301),
        ("quantum_vault_viewed", 600_302),
        ("quantum_vault_updated", 600_303),
        ("quantum_vault_deleted", 600_304),
        ("something_odd", 600_399),
        ("passwordless_login_failed", 300_201),
    ] {
        assert_eq!(unknown(name), type_uid, "{name}");
    }
}

#[test]
fn a_call_of_the_api_is_what_its_method_does() {
    for (method, activity) in [("GET", 2), ("POST", 1), ("PUT", 3), ("PATCH", 3), ("DELETE", 4), ("BREW", 2)]
    {
        let raw = format!(
            r#"{{"id":"a","created_at":"2026-11-23T08:14:05.25Z","type":"compliance_api_accessed","request_method":"{method}","request_id":"req_1","status_code":403,"url":"/v1/compliance/activities?limit=1","actor":{{"type":"api_actor","api_key_id":"apikey_01J7","ip_address":"198.51.100.7","user_agent":"curl/8.5.0"}}}}"#
        );
        let event = event(&raw);
        assert_eq!(event["activity_id"], activity, "{method}");
        assert_eq!(event["api"]["operation"], format!("{method} /v1/compliance/activities"));
        assert_eq!(event["api"]["request"]["uid"], "req_1");
        assert_eq!(
            event["http_request"]["url"],
            json!({"path": "/v1/compliance/activities", "query_string": "limit=1"})
        );
        assert_eq!(event["http_response"]["code"], 403);
        assert_eq!((&event["status"], &event["status_code"]), (&json!("Failure"), &json!("403")));
        assert_eq!(event["time"], 1_795_421_645_250_i64);
        assert_eq!(event["actor"]["user"]["credential_uid"], "apikey_01J7");
        assert_eq!(event["src_endpoint"], json!({"ip": "198.51.100.7"}));
    }
}

#[test]
fn who_acted_is_no_endpoint() {
    for (kind, actor, endpoint) in [
        (
            "claude_file_viewed",
            r#"{"type":"user_actor","user_id":"user_1","ip_address":"192.0.2.7"}"#,
            json!({"ip": "192.0.2.7"}),
        ),
        ("claude_file_viewed", r#"{"type":"user_actor","user_id":"user_1"}"#, json!({"name": "Unknown"})),
        ("claude_chat_viewed", r#"{"type":"user_actor","user_id":"user_1"}"#, Value::Null),
        ("claude_file_viewed", "null", json!({"name": "Unknown"})),
        (
            "claude_file_deleted",
            r#"{"type":"system_actor","service":"retention"}"#,
            json!({"svc_name": "Anthropic automation (retention)"}),
        ),
        (
            "group_member_added",
            r#"{"type":"scim_directory_sync_actor","idp_connection_type":"okta"}"#,
            json!({"svc_name": "SCIM directory sync (okta)"}),
        ),
        ("anthropic_access", r#"{"type":"anthropic_actor"}"#, json!({"svc_name": "Anthropic"})),
    ] {
        let event = event(&activity_by(kind, 1, actor));
        assert_eq!(event["src_endpoint"], endpoint, "{kind} by {actor}");
    }
}

#[test]
fn what_has_no_attribute_is_unmapped_and_what_was_odd_is_told() {
    let raw = r#"{"id":"a","created_at":"2026-11-23T08:14:05Z","type":"admin_api_key_created","admin_api_key_id":"admin_api_key_01J","scopes":["read:x"],"novel":{"a":null,"b":1},"enabled":"yes","actor":{"type":"user_actor","email_address":"ana@example.com","user_id":"user_1"}}"#;
    let event = event(raw);
    assert_eq!(event["entity"], json!({"type": "Admin API key", "type_id": 99, "uid": "admin_api_key_01J"}));
    assert_eq!(event["unmapped"], json!({"enabled": "yes", "novel": {"b": 1}, "scopes": ["read:x"]}));
    assert_eq!(event["metadata"]["debug"], json!(["enabled: expected a boolean, found a string"]));
    assert_eq!(event["actor"]["user"]["email_addr"], "ana@example.com");
    let options = NormalizerOptions { preserve_original: true, ..NormalizerOptions::default() };
    assert_eq!(event_by(&Normalizer::new(options), raw.as_bytes()).1["raw_data"], raw);
}

#[test]
fn what_is_cut_is_whole_in_raw_data() {
    let raw = format!(r#"{{"id":"a","type":"claude_chat_viewed","novel":"{}"}}"#, "x".repeat(1 << 20));
    let event = event(&raw);
    assert!(event["unmapped"]["novel"].as_str().is_some_and(|cut| cut.ends_with("x…")));
    assert_eq!(event["raw_data"], *raw);
    let told = event["metadata"]["debug"].as_array().expect("what was odd");
    assert!(
        told.contains(&json!("unmapped: too long for a search engine and cut; raw_data has it whole")),
        "{told:?}"
    );
}

#[test]
fn the_place_and_the_device_are_told() {
    let raw = r#"{"id":"a","created_at":"2026-11-23T08:14:05Z","type":"claude_chat_viewed","claude_chat_id":"claude_chat_1","actor":{"type":"user_actor","user_id":"user_1","ip_address":"198.51.100.7","user_agent":"claude-cli/1.0.98 (external, cli)"}}"#;
    let event = event_by(&enriching(), raw.as_bytes()).1;
    assert_eq!(
        event["src_endpoint"]["location"],
        json!({"city": "Lisbon", "continent": "Europe", "country": "PT", "desc": "Lisbon office", "lat": 38.72, "long": -9.14})
    );
    assert_eq!(event["src_endpoint"]["zone"], "Lisbon office");
    assert_eq!(event["web_resources"], json!([{"type": "Chat", "uid": "claude_chat_1"}]));
    assert_eq!(event.get("device"), None, "the command line tells of no device");
}
