//! Whether a condition is true of one document, without any store: for following, exporting and testing.

use std::net::IpAddr;
use std::ops::Bound;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value as Json;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    expression::{Bounds, Expression, Test, Value},
    field::{FieldKind, FieldReference},
};

/// Whether the condition is true of the document.
pub fn matches(document: &Json, condition: &Expression) -> bool {
    match condition {
        Expression::Everything => true,
        Expression::Nothing => false,
        Expression::And(parts) => parts.iter().all(|part| matches(document, part)),
        Expression::Or(parts) => parts.iter().any(|part| matches(document, part)),
        Expression::Not(inner) => !matches(document, inner),
        Expression::Field(field, Test::Exists) => has(document, field),
        Expression::Field(field, test) => {
            values(document, field).iter().any(|value| passes(value, field.kind, test))
        }
    }
}

/// The values of a field in a document, in its kind; what does not fit its kind is none.
pub fn values(document: &Json, field: &FieldReference) -> Vec<Value> {
    let mut found = Vec::new();
    descend(document, &field.name, &mut found);
    found.into_iter().filter_map(|json| read(json, field.kind)).collect()
}

/// The words of a text, in lower case: cut at the word boundaries of Unicode (annex 29), as the standard analyzer of
/// Elasticsearch cuts them.
pub fn words(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    text.unicode_word_indices().map(|(at, word)| (at, lower(word)))
}

/// Text without regard to case.
pub fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// RFC 3339, or a day.
pub fn read_time(text: &str) -> Option<Timestamp> {
    let day = || text.parse::<civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| day().map(|day| day.timestamp()))
}

/// A JSON value as one of a kind.
pub fn read(json: &Json, kind: FieldKind) -> Option<Value> {
    let text = || json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    match (kind, json) {
        (_, Json::Null | Json::Array(_) | Json::Object(_)) => None,
        (FieldKind::Keyword | FieldKind::Text | FieldKind::Flattened, _) => Some(Value::Text(text())),
        (FieldKind::Long, _) => json.as_i64().or_else(|| json.as_str()?.parse().ok()).map(Value::Integer),
        (FieldKind::Double, _) => {
            let number = json.as_f64().or_else(|| json.as_str()?.parse().ok());
            number.filter(|number| number.is_finite()).map(Value::Number)
        }
        (FieldKind::Boolean, _) => json.as_bool().or_else(|| json.as_str()?.parse().ok()).map(Value::Boolean),
        (FieldKind::Address, Json::String(address)) => {
            address.parse::<IpAddr>().ok().map(|address| Value::Address(address.to_canonical()))
        }
        (FieldKind::Date, Json::String(time)) => read_time(time).map(Value::Time),
        (FieldKind::Address | FieldKind::Date, _) => None,
    }
}

/// Whether there is a value; a bag is there when it holds anything.
fn has(document: &Json, field: &FieldReference) -> bool {
    let mut found = Vec::new();
    descend(document, &field.name, &mut found);
    let is_value = |json: &&Json| read(json, field.kind).is_some();
    let is_bag = |json: &&Json| json.as_object().is_some_and(|members| !members.is_empty());
    found.iter().any(is_value) || field.kind == FieldKind::Flattened && found.iter().any(is_bag)
}

/// The values at a path; lists stand for their elements, and a name may hold dots.
fn descend<'j>(json: &'j Json, path: &str, found: &mut Vec<&'j Json>) {
    match json {
        Json::Null => {}
        Json::Array(elements) => elements.iter().for_each(|element| descend(element, path, found)),
        other if path.is_empty() => found.push(other),
        Json::Object(members) => {
            for (name, value) in members {
                let rest = path.strip_prefix(name.as_str());
                match rest.map(|rest| rest.strip_prefix('.').unwrap_or(rest)) {
                    Some("") if name == path => descend(value, "", found),
                    Some(rest) if path.len() == name.len() + 1 + rest.len() => descend(value, rest, found),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn passes(value: &Value, kind: FieldKind, condition: &Test) -> bool {
    match (condition, value) {
        (Test::Exists, _) => true,
        (Test::Is(Value::Text(wanted)), Value::Text(text)) => lower(text) == lower(wanted),
        (Test::Is(wanted), value) => value == wanted,
        (Test::Like(pattern), Value::Text(text)) if kind == FieldKind::Text => {
            words(text).any(|(_, word)| pattern.matches(&word))
        }
        (Test::Like(pattern), Value::Text(text)) => pattern.matches(text),
        (Test::In(network), Value::Address(address)) => network.contains(*address),
        (Test::Weekly(weekly), Value::Time(time)) => weekly.holds(*time),
        (Test::Words(wanted), Value::Text(text)) => {
            let (wanted, found) = (plain_words(wanted), plain_words(text));
            !wanted.is_empty() && wanted.iter().all(|word| found.contains(word))
        }
        (Test::Phrase(wanted), Value::Text(text)) => {
            let (wanted, found) = (plain_words(wanted), plain_words(text));
            !wanted.is_empty() && found.windows(wanted.len()).any(|window| window == wanted)
        }
        (Test::Within(Bounds { lower, upper }), value) => {
            let ordered = |bound: &Value| value.order(bound);
            let above = match lower {
                Bound::Included(bound) => ordered(bound).is_some_and(std::cmp::Ordering::is_ge),
                Bound::Excluded(bound) => ordered(bound).is_some_and(std::cmp::Ordering::is_gt),
                Bound::Unbounded => true,
            };
            let below = match upper {
                Bound::Included(bound) => ordered(bound).is_some_and(std::cmp::Ordering::is_le),
                Bound::Excluded(bound) => ordered(bound).is_some_and(std::cmp::Ordering::is_lt),
                Bound::Unbounded => true,
            };
            above && below
        }
        _ => false,
    }
}

fn plain_words(text: &str) -> Vec<String> {
    words(text).map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Field, Fields, parse};

    #[test]
    fn a_document_is_judged_by_all_its_values() {
        use FieldKind::{Address, Date, Flattened, Keyword, Long, Text};
        let fields = Fields::new(
            [
                ("a.b", Keyword),
                ("ip", Address),
                ("n", Long),
                ("message", Text),
                ("bag", Flattened),
                ("at", Date),
            ]
            .map(|(name, kind)| Field::new(name, kind)),
        );
        let document = serde_json::json!({
            "a": {"b": ["One", "Two"]}, "ip": ["10.1.2.3", "2001:db8::1"], "n": [3, 30], "message": "Ana signed in",
            "bag": {"x": {"y": 5}, "z.w": "v"}, "at": "2026-11-23T08:00:00Z"
        });
        for (query, expected) in [
            ("a.b:one", true),
            ("a.b:T?o", true),
            ("a.b:three", false),
            ("not a.b:one", false),
            ("ip:10.0.0.0/8", true),
            ("ip:10.0.0.0/16", false),
            ("ip > 10.1.2.3", true),
            ("n:[4 TO 29]", false),
            ("n > 29", true),
            ("message:\"SIGNED in\"", true),
            ("message:\"in signed\"", false),
            ("message:si*", true),
            ("bag.x.y:5", true),
            ("bag.z.w:v", true),
            ("bag:*", true),
            ("bag.x:*", true),
            ("bag.q:*", false),
            ("at:2026-11-23", true),
            ("at < 2026-11-23", false),
            ("at:Mon", true),
            ("at:\"Mon-Fri 09h-17h\"", false),
            ("at:\"Mon-Fri 09h-17h Europe/Berlin\"", true),
            ("ana", true),
        ] {
            let context = Context::new(&fields, Timestamp::UNIX_EPOCH);
            assert_eq!(matches(&document, &parse(query, &context).expect(query)), expected, "{query}");
        }
    }
}
