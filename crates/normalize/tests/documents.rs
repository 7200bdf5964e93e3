//! One activity of every type, through the normaliser.

use std::collections::BTreeMap;

use normalize::{Normalizer, catalog, vocabulary};
use serde_json::Value;

use crate::generator::activity;
use crate::support::{context, document, enriching, keeping_original, normalized_by, paths, rows};

/// Every type in several variants.
fn each(mut check: impl FnMut(&'static str, &str, &Value)) {
    let enriching = enriching();
    for entry in catalog::all() {
        for variant in 0..4 {
            let raw = activity(entry.name, variant);
            check(entry.name, &raw, &document(&raw));
            check(entry.name, &raw, &normalized_by(&enriching, raw.as_bytes(), &context()).0);
        }
    }
}

#[test]
fn every_type_is_catalogued_and_categorised() {
    each(|name, _, document| {
        let event = &document["event"];
        assert_eq!(event["action"], name);
        assert_eq!(event["kind"], "event");
        assert!(event["category"].as_array().is_some_and(|list| !list.is_empty()), "{name}");
        assert!(event["type"].as_array().is_some_and(|list| !list.is_empty()), "{name}");
        assert!(
            ["success", "failure", "unknown"].contains(&event["outcome"].as_str().unwrap_or_default()),
            "{name}"
        );
        assert!(event["severity"].is_u64(), "{name}");
        assert!(document["anthropic"]["audit"]["group"].is_string(), "{name}");
        assert_eq!(document["anthropic"]["audit"].get("catalogued"), None, "{name}");
    });
}

#[test]
fn every_field_is_known_to_ecs_or_under_our_own_name_and_of_its_type() {
    let ecs: BTreeMap<&str, &str> =
        rows(include_str!("../data/ecs-fields.tsv")).map(|row| (row[0], row[1])).collect();
    let audit: BTreeMap<&str, &str> =
        vocabulary::all().iter().map(|field| (field.name, field.elasticsearch_type)).collect();
    let agrees = |kind: &str, value: &Value| match kind {
        "long" => value.is_i64() || value.is_u64(),
        "double" => value.is_number(),
        "boolean" => value.is_boolean(),
        "ip" => value.as_str().is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
        "date" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "flattened" => value.is_object() || value.is_array(),
        "keyword" => value.is_string() || value.is_boolean() || value.is_number(),
        _ => value.is_string(),
    };
    each(|name, raw, document| {
        for (path, value) in paths(document) {
            if let Some(field) = path.strip_prefix("anthropic.audit.") {
                // What is inside a flattened field is not a field of the index.
                let field = field.split('.').next().unwrap_or(field);
                if let Some(kind) = audit.get(field).filter(|kind| !["flattened", "object"].contains(*kind)) {
                    assert!(agrees(kind, &value), "{name}: {path} is {value}, no {kind}");
                }
            } else if let Some(part) = path.strip_prefix("source.geo.location.") {
                assert!(["lat", "lon"].contains(&part) && value.is_number(), "{name}: {path}");
            } else {
                let kind = ecs
                    .get(path.as_str())
                    .unwrap_or_else(|| panic!("{name}: {path} is no field of ECS: {raw}"));
                assert!(agrees(kind, &value), "{name}: {path} is {value}, no {kind}");
            }
        }
    });
}

/// Nothing of an activity may go missing: every scalar of the row stands somewhere in its document.
#[test]
fn every_value_of_a_row_is_in_its_document() {
    each(|name, raw, document| {
        let mut held: Vec<Value> = Vec::new();
        collect(document, &mut held);
        let mut given = Vec::new();
        collect(&serde_json::from_str(raw).expect("a row"), &mut given);
        for value in given {
            // The dollars of a limit become a number; the rest of the document keeps what it was.
            let number = value.as_str().and_then(|text| text.parse::<f64>().ok()).map(Value::from);
            assert!(
                held.contains(&value) || number.is_some_and(|number| held.contains(&number)),
                "{name}: {value} of {raw}"
            );
        }
    });
}

/// Every scalar that says something.
fn collect(value: &Value, scalars: &mut Vec<Value>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, scalars)),
        Value::Object(members) => members.values().for_each(|member| collect(member, scalars)),
        scalar => scalars.push(scalar.clone()),
    }
}

#[test]
fn nothing_is_written_that_says_nothing() {
    fn check(path: &str, value: &Value) {
        match value {
            Value::Null => panic!("{path} is null"),
            Value::String(text) => assert!(!text.is_empty(), "{path} is empty"),
            Value::Array(elements) => {
                assert!(!elements.is_empty(), "{path} is empty");
                for element in elements {
                    check(path, element);
                }
            }
            Value::Object(members) => {
                assert!(!members.is_empty(), "{path} is empty");
                for (name, member) in members {
                    check(&format!("{path}.{name}"), member);
                }
            }
            Value::Bool(_) | Value::Number(_) => {}
        }
    }
    each(|name, _, document| check(name, document));
}

/// A tree sorts its keys, so a document that is already in order is the same when written from the tree.
#[test]
fn documents_are_minimal_sorted_and_the_same_every_time() {
    for normalizer in [keeping_original(), enriching()] {
        sorted_and_the_same(&normalizer);
    }
}

fn sorted_and_the_same(normalizer: &Normalizer) {
    for entry in catalog::all() {
        let raw = activity(entry.name, 1);
        let mut first = Vec::new();
        normalizer.ecs(raw.as_bytes(), &context(), &mut first);
        let tree: Value = serde_json::from_slice(&first).expect("JSON");
        assert_eq!(String::from_utf8_lossy(&first), tree.to_string(), "{}", entry.name);

        let reversed: Vec<(String, Value)> = serde_json::from_str::<serde_json::Map<String, Value>>(&raw)
            .expect("a row")
            .into_iter()
            .rev()
            .collect();
        let members: Vec<String> =
            reversed.iter().map(|(name, value)| format!(" \"{name}\" :\t{value:#}")).collect();
        let (mut other, _) =
            normalized_by(normalizer, format!("{{{}\n}}", members.join(",")).as_bytes(), &context());
        if let Some(original) = tree["event"].get("original") {
            other["event"]["original"] = original.clone();
        }
        assert_eq!(other, tree, "the order of fields makes no difference: {}", entry.name);
    }
}

#[test]
fn the_original_is_kept_when_asked_for() {
    let raw = activity("sso_login_succeeded", 0);
    let (document, _) = normalized_by(&keeping_original(), format!("{raw}\n").as_bytes(), &context());
    assert_eq!(document["event"]["original"], raw.as_str());
    assert_eq!(document["tags"], serde_json::json!(["forwarded", "preserve_original_event"]));
    assert_eq!(document["data_stream"]["namespace"], "acme");
    let plain = crate::support::document(&raw);
    assert_eq!((plain["event"].get("original"), plain.get("tags")), (None, None));
}
