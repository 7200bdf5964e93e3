//! Bad input: a document still comes out, says what was wrong, and nothing is lost.

use normalize::vocabulary;
use serde_json::{Map, Value, json};

use crate::generator::activity;
use crate::support::normalized;

/// A plain activity with some members replaced.
fn with(members: &Value) -> String {
    let mut row: Map<String, Value> = serde_json::from_str(&activity("group_viewed", 0)).expect("a row");
    row.extend(members.as_object().expect("members").clone());
    Value::Object(row).to_string()
}

fn messages(document: &Value) -> String {
    document.pointer("/error/message").map(Value::to_string).unwrap_or_default()
}

#[test]
fn what_is_no_activity_becomes_a_pipeline_error() {
    for (raw, told) in [
        (&b""[..], "empty"),
        (b"   ", "empty"),
        (b"null", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"{", "not valid JSON"),
        (b"<html><body>502</body></html>", "not valid JSON"),
        (b"{\"a\":1}{\"b\":2}", "expected the end"),
        (b"{}", "type: missing"),
        (br#"{"type":"error","error":{"type":"not_found_error"}}"#, ""),
        (br#"{"type":null,"id":"a"}"#, "type: missing"),
        (br#"{"type":5,"id":"a"}"#, "type: missing"),
        (b"\xff\xfe{}", "not UTF-8"),
    ] {
        let (document, outcome) = normalized(raw);
        if told.is_empty() {
            assert!(!outcome.failed, "an unknown type is a type");
            continue;
        }
        assert!(outcome.failed && !outcome.catalogued);
        assert_eq!(document["event"]["kind"], "pipeline_error");
        assert!(messages(&document).contains(told), "{told}: {}", messages(&document));
        assert_eq!(document["data_stream"]["dataset"], "anthropic.audit");
        assert_eq!(document["@timestamp"], "2026-11-24T08:14:06Z", "the time of the fetch stands in");
        let text = String::from_utf8_lossy(raw).trim().to_owned();
        if !text.is_empty() {
            assert_eq!(document["event"]["original"], text);
            assert_eq!(document["tags"], json!(["preserve_original_event"]));
        }
    }
}

/// Every field given every wrong kind of value: the value is kept, the field's type is not broken, the message names it.
#[test]
fn a_wrong_type_for_any_field_is_kept_and_told() {
    let wrong = [
        json!(true),
        json!(12.5),
        json!("wrong"),
        json!(["wrong", 1]),
        json!({"wrong": [7]}),
        json!([{"wrong": 1}]),
    ];
    for field in vocabulary::all().iter().filter(|field| field.name != "actor") {
        for value in &wrong {
            let raw = with(&json!({field.name: value}));
            let (document, outcome) = normalized(raw.as_bytes());
            let kept = document.pointer(&format!("/anthropic/audit/metadata/{}", field.name));
            if kept.is_none() {
                // It fitted.
                continue;
            }
            assert_eq!(kept, Some(value), "{raw}");
            let told = outcome
                .issues
                .iter()
                .any(|issue| issue.field == field.name && issue.message.starts_with(field.name));
            let second_shape = outcome.issues.is_empty();
            assert!(told || second_shape, "{raw}: {:?}", outcome.issues);
            let output = if field.name == "metadata" { "setting_metadata" } else { field.name };
            assert_eq!(document["anthropic"]["audit"].get(output), None, "{raw}");
        }
        let misfits = wrong.iter().filter(|value| {
            let (_, outcome) = normalized(with(&json!({field.name: value})).as_bytes());
            !outcome.issues.is_empty()
        });
        assert!(misfits.count() >= 3, "{} takes almost anything", field.name);
    }
}

#[test]
fn times_are_read_kindly_and_told() {
    for (created_at, expected, told) in [
        (json!("2026-11-23T10:14:05+02:00"), "2026-11-23T08:14:05Z", ""),
        (json!("2026-11-23T08:14:05"), "2026-11-23T08:14:05Z", "no offset"),
        (json!("10000-01-01T00:00:00Z"), "2026-11-24T08:14:06Z", "not a timestamp"),
        (json!("soon"), "2026-11-24T08:14:06Z", "not a timestamp"),
        (json!(1_763_885_645), "2025-11-23T08:14:05Z", "seconds since 1970"),
        (json!(1_763_885_645_123_i64), "2025-11-23T08:14:05.123Z", "milliseconds"),
        (json!({}), "2026-11-24T08:14:06Z", "no time"),
        (json!({"a": 1}), "2026-11-24T08:14:06Z", "not a timestamp"),
        (json!(null), "2026-11-24T08:14:06Z", "no time"),
    ] {
        let (document, outcome) = normalized(with(&json!({"created_at": created_at})).as_bytes());
        assert_eq!(document["@timestamp"], expected, "{created_at}");
        assert_eq!(outcome.issues.is_empty(), told.is_empty(), "{created_at}: {:?}", outcome.issues);
        assert!(messages(&document).contains(told), "{created_at}: {}", messages(&document));
        if told.contains("not a timestamp") || created_at.is_number() {
            assert_eq!(document["anthropic"]["audit"]["metadata"]["created_at"], created_at);
        }
    }
    let (document, outcome) =
        normalized(with(&json!({"from_date": "2026-11-01", "to_date": "never"})).as_bytes());
    assert_eq!(document["anthropic"]["audit"]["from_date"], "2026-11-01");
    assert_eq!(document["anthropic"]["audit"]["metadata"]["to_date"], "never");
    assert_eq!(outcome.issues.len(), 1);
}

#[test]
fn addresses_are_valid_or_kept_aside() {
    for (given, expected) in [
        ("198.51.100.42", Some("198.51.100.42")),
        ("::ffff:198.51.100.42", Some("198.51.100.42")),
        ("2001:DB8:0:0::1", Some("2001:db8::1")),
        ("0.0.0.0", Some("0.0.0.0")),
        ("198.51.100.256", None),
        ("198.51.100.42:443", None),
        ("fe80::1%eth0", None),
        ("unknown", None),
    ] {
        let actor = json!({"type": "user_actor", "user_id": "u", "ip_address": given});
        let (document, outcome) = normalized(with(&json!({"actor": actor})).as_bytes());
        let found = document.pointer("/source/ip").and_then(Value::as_str);
        assert_eq!(found, expected, "{given}");
        assert_eq!(document.pointer("/related/ip/0").and_then(Value::as_str), expected, "{given}");
        if expected.is_none() {
            assert_eq!(document["anthropic"]["audit"]["metadata"]["actor"]["ip_address"], given);
            assert_eq!(outcome.issues[0].field, "actor.ip_address");
        }
    }
}

#[test]
fn an_actor_that_is_none_is_told_and_kept() {
    for (actor, told) in [
        (json!("ana"), "actor: expected an object"),
        (json!(null), "actor: missing"),
        (json!({}), "actor: missing"),
        (json!({"user_id": "u1"}), "actor: it has no type"),
        (json!({"type": "user_actor", "user_id": 5}), "actor.user_id: expected a string"),
    ] {
        let (document, _) = normalized(with(&json!({"actor": actor})).as_bytes());
        assert!(messages(&document).contains(told), "{actor}: {}", messages(&document));
        assert!(document["message"].as_str().is_some_and(|message| message.contains("looked at group")));
    }
    let (document, _) = normalized(with(&json!({"actor": "ana"})).as_bytes());
    assert_eq!(document["anthropic"]["audit"]["metadata"]["actor"], "ana");
}

#[test]
fn large_and_deep_records_come_out_whole() {
    // A long value of a known field stays where it is; one in the bag is cut there, and kept whole beside.
    let long = "x".repeat(1 << 20);
    let (document, _) = normalized(with(&json!({"group_name": long})).as_bytes());
    assert_eq!(document["anthropic"]["audit"]["group_name"], long.as_str());
    let raw = with(&json!({"strange": long}));
    let (document, outcome) = normalized(raw.as_bytes());
    assert!(
        document["anthropic"]["audit"]["metadata"]["strange"]
            .as_str()
            .is_some_and(|text| text.len() < 32_766)
    );
    assert_eq!(document["event"]["original"], raw.as_str());
    assert_eq!(outcome.issues[0].field, "metadata");

    let many: Map<String, Value> =
        (0..10_000).map(|number| (format!("strange_{number}"), json!(number))).collect();
    let (document, outcome) = normalized(with(&Value::Object(many)).as_bytes());
    assert_eq!(outcome.unknown_fields, 10_000);
    assert_eq!(document["anthropic"]["audit"]["metadata"].as_object().map(Map::len), Some(10_000));
    assert!(outcome.issues.is_empty());

    for nested in [
        format!("{}1{}", "[".repeat(200), "]".repeat(200)),
        format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200)),
    ] {
        let raw = activity("group_viewed", 0).replacen(
            '{',
            &format!("{{\"deep\":{nested},\"updates\":[{nested}],"),
            1,
        );
        let (document, outcome) = normalized(raw.as_bytes());
        assert!(
            outcome.issues.iter().any(|issue| issue.message.contains("nested too deep")),
            "{:?}",
            outcome.issues
        );
        let depth = nesting(&document["anthropic"]["audit"]["metadata"]);
        assert!(depth <= 20, "{depth}");
        let innermost = if nested.starts_with('[') { "[1]" } else { r#"{\"a\":1}"# };
        assert!(
            document["anthropic"]["audit"]["metadata"].to_string().contains(innermost),
            "nothing is lost"
        );
    }
}

fn nesting(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(nesting).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(nesting).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn a_name_given_twice_is_told_and_the_last_value_stands() {
    let raw = activity("group_viewed", 0).replacen(
        '{',
        r#"{"group_id":"first","odd":1,"odd":2,"updates":[{"type":"a","type":"b"}],"#,
        1,
    );
    let (document, outcome) = normalized(raw.as_bytes());
    assert_ne!(document["anthropic"]["audit"]["group_id"], "first");
    assert_eq!(document["anthropic"]["audit"]["metadata"]["odd"], 2);
    assert_eq!(document["anthropic"]["audit"]["updates"], json!([{"type": "b"}]));
    assert_eq!(outcome.issues.len(), 3, "{:?}", outcome.issues);
    assert_eq!(document["event"]["original"], raw.as_str(), "the other values are kept");
}

#[test]
fn characters_that_are_none_are_replaced() {
    let raw = activity("group_created", 0).replace("the group name 0", r"half \ud83e of a pair");
    let (document, outcome) = normalized(raw.as_bytes());
    assert_eq!(document["anthropic"]["audit"]["group_name"], "half \u{FFFD} of a pair");
    assert!(outcome.issues[0].message.contains("surrogate"));

    let mut raw = activity("group_created", 0).into_bytes();
    let place = raw.windows(9).position(|window| window == b"the group").expect("the name");
    raw[place] = 0xFF;
    let (document, outcome) = normalized(&raw);
    assert_eq!(document["anthropic"]["audit"]["group_name"], "\u{FFFD}he group name 0");
    assert!(outcome.issues[0].message.contains("not UTF-8") && outcome.catalogued);
}
