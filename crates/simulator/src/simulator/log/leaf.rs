//! From a row to the bytes that the log commits: a version byte and the canonical JSON of eleven fields.

use serde_json::{Map, Value, json};

/// The version of the fields below.
const VERSION: u8 = 1;

/// Fields that are taken as they are served.
const TEXTS: [&str; 9] = [
    "id",
    "type",
    "created_at",
    "accessed_at",
    "organization_id",
    "organization_uuid",
    "workspace_id",
    "accessor_department",
    "reason_code",
];

/// The entry of a row; `None` when the row is no JSON object.
pub(crate) fn entry(row: &[u8]) -> Option<Vec<u8>> {
    let served: Map<String, Value> = serde_json::from_slice(row).ok()?;
    let text = |from: &Value, name: &str| match &from[name] {
        Value::String(text) => Value::String(text.clone()),
        _ => Value::Null,
    };
    let whole = Value::Object(served);
    let mut fields: Map<String, Value> =
        TEXTS.iter().map(|name| ((*name).to_owned(), text(&whole, name))).collect();
    let actor = match &whole["actor"] {
        Value::Object(_) => json!({ "type": text(&whole["actor"], "type"), "email_address": null }),
        _ => Value::Null,
    };
    let resource = match &whole["resource_details"] {
        Value::Object(_) => {
            let details = &whole["resource_details"];
            json!({ "type": text(details, "type"), "id": text(details, "id"), "parent": null })
        }
        _ => Value::Null,
    };
    fields.insert("actor".to_owned(), actor);
    fields.insert("resource_details".to_owned(), resource);
    // Members of an object are sorted here, and texts are escaped as little as can be: the form of RFC 8785.
    let mut entry = vec![VERSION];
    entry.extend_from_slice(Value::Object(fields).to_string().as_bytes());
    Some(entry)
}

/// The name of the field that tells a row's place in the log.
const INDEX: &str = "\"transparency_log_leaf_index\":";

/// The row with this place in the log, or without any; other bytes stay as they are.
pub(crate) fn with_index(row: &[u8], index: Option<u64>) -> Vec<u8> {
    let text = String::from_utf8_lossy(row).into_owned();
    let without = match text.find(INDEX) {
        Some(at) => {
            let value = &text[at + INDEX.len()..];
            let end = value.find([',', '}']).unwrap_or(value.len());
            let before = text[..at].trim_end_matches(',');
            // Never the first field of a row: the id is.
            format!("{before}{}", &value[end..])
        }
        None => text,
    };
    let Some(index) = index else { return without.into_bytes() };
    let body = without.strip_suffix('}').unwrap_or(&without);
    format!("{body},{INDEX}{index}}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;
    use crate::simulator::log::tree;

    /// The worked example of the vendor's documentation, leaf hash included.
    #[test]
    fn a_leaf_is_the_documented_one() {
        let row = br#"{ "id": "activity_01GPXmAhizavrUuoXNn3tzeA", "type": "anthropic_access",
            "created_at": "2025-07-08T18:40:00Z", "accessed_at": "2025-07-08T18:39:58Z",
            "organization_id": "org_015gtSHLz269eTwgrH8NX5yk",
            "organization_uuid": "25f6429a-3293-49bf-afed-cb312911554b",
            "workspace_id": "wrkspc_01PaGUP2rbg1XDh7Z9W1CEpd",
            "workspace_uuid": "b6ce2143-1083-d4a7-247c-17530f55a076",
            "accessor_department": "Trust & Safety", "reason_code": "safety_review",
            "actor": { "type": "anthropic_actor", "email_address": null },
            "resource_details": { "type": "message", "id": "msg_01HXAMPLE12345678" },
            "transparency_log_leaf_index": 17 }"#;
        let entry = entry(row).expect("an object");
        assert_eq!(entry[0], 1);
        assert!(entry[1..].starts_with(br#"{"accessed_at":"2025-07-08T18:39:58Z","accessor_department":"#));
        assert_eq!(STANDARD.encode(tree::leaf(&entry)), "6ro7vTcFq+sYDZiiGvZaFetUIoMSLig3DGDrCKK1HFU=");
    }

    #[test]
    fn an_index_is_put_in_taken_out_and_replaced() {
        for (row, index, expected) in [
            (r#"{"id":"a"}"#, Some(7), r#"{"id":"a","transparency_log_leaf_index":7}"#),
            (
                r#"{"id":"a","transparency_log_leaf_index":3}"#,
                Some(7),
                r#"{"id":"a","transparency_log_leaf_index":7}"#,
            ),
            (
                r#"{"id":"a","transparency_log_leaf_index":3,"b":{}}"#,
                Some(12),
                r#"{"id":"a","b":{},"transparency_log_leaf_index":12}"#,
            ),
            (r#"{"id":"a","transparency_log_leaf_index":null,"b":1}"#, None, r#"{"id":"a","b":1}"#),
            (r#"{"id":"a"}"#, None, r#"{"id":"a"}"#),
        ] {
            assert_eq!(String::from_utf8_lossy(&with_index(row.as_bytes(), index)), expected, "{row}");
        }
    }
}
