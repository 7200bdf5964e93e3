use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::{ErrorKind, Field, FieldKind, Fields};

fn fields() -> Fields {
    Fields::new([
        Field::new("@timestamp", FieldKind::Date),
        Field::new("event.action", FieldKind::Keyword),
        Field::new("event.severity", FieldKind::Long),
        Field::new("event.sequence", FieldKind::Long),
        Field::new("message", FieldKind::Text),
        Field::new("bag", FieldKind::Flattened),
    ])
}

fn read(json: &Json) -> Result<Aggregations, Error> {
    Aggregation::read_all(json, &Context::new(&fields(), Timestamp::UNIX_EPOCH))
}

#[test]
fn what_is_read_is_written_so_that_it_is_read_the_same() {
    for json in [
        json!({"a": {"terms": {"field": "event.action"}}}),
        json!({"a": {"terms": {"field": "event.action", "size": 3, "order": [{"latest": "desc"}, {"_key": "asc"}], "include": "api\\_.*", "missing": "none"},
            "aggs": {"latest": {"max": {"field": "@timestamp"}}}}}),
        json!({"a": {"date_histogram": {"field": "@timestamp", "calendar_interval": "month", "time_zone": "+02:00", "extended_bounds": {"min": "2026-01-01", "max": "2026-02-01"}}}}),
        json!({"a": {"date_histogram": {"field": "@timestamp", "fixed_interval": "90m", "order": {"_key": "desc"}}}}),
        json!({"a": {"filters": {"filters": {"x": {"term": {"event.action": "b"}}, "y": {"query_string": {"query": "event.severity > 3"}}}}}}),
        json!({"a": {"filter": {"bool": {"must_not": [{"exists": {"field": "event.action"}}]}}, "aggs": {"s": {"stats": {"field": "event.severity"}}}}}),
        json!({"a": {"range": {"field": "event.severity", "ranges": [{"to": 10}, {"from": 10, "to": 20.5, "key": "middle"}], "keyed": true}}}),
        json!({"a": {"date_range": {"field": "@timestamp", "ranges": [{"from": "now-1d"}]}}}),
        json!({"a": {"cardinality": {"field": "bag.x"}}, "b": {"missing": {"field": "bag.x"}}}),
        json!({"a": {"top_hits": {"size": 1, "sort": [{"event.severity": "asc"}], "_source": ["message"]}}}),
    ] {
        let first = read(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
        let written = Aggregation::write_all(&first);
        // Sorts of a cluster say what becomes of documents without the field, which is always the same here.
        assert_eq!(read(&written).unwrap_or_else(|error| panic!("{written}: {error}")), first, "{written}");
    }
}

#[test]
fn what_is_not_in_the_dialect_is_refused_by_name() {
    for (json, kind, message) in [
        (
            json!({"a": {"significant_terms": {"field": "event.action"}}}),
            ErrorKind::Unsupported,
            "a: significant_terms: there is no aggregation \"significant_terms\" here",
        ),
        (
            json!({"a": {"terms": {"field": "event.action", "script": "x"}}}),
            ErrorKind::Unsupported,
            "a: terms: there is no \"script\" here",
        ),
        (
            json!({"a": {"terms": {"field": "event.acton"}}}),
            ErrorKind::UnknownField,
            "a: terms: there is no field \"event.acton\"",
        ),
        (
            json!({"a": {"terms": {"field": "message"}}}),
            ErrorKind::Unsupported,
            "a: terms: message is text, whose values are not counted",
        ),
        (
            json!({"a": {"terms": {"field": "event.action", "size": 1_000_000}}}),
            ErrorKind::TooLarge,
            "a: terms: size 1000000 is above 65536",
        ),
        (
            json!({"a": {"stats": {"field": "event.action"}}}),
            ErrorKind::Syntax,
            "a: stats: event.action is a keyword, not a number or a time",
        ),
        (
            json!({"a": {"date_histogram": {"field": "@timestamp"}}}),
            ErrorKind::Syntax,
            "a: date_histogram: it needs one of fixed_interval and calendar_interval",
        ),
        (
            json!({"a": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1M"}}}),
            ErrorKind::Syntax,
            "a: date_histogram: \"1M\" is not a fixed interval",
        ),
        (
            json!({"a": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h", "time_zone": "Mars/Base"}}}),
            ErrorKind::Syntax,
            "a: date_histogram: \"Mars/Base\" is not a time zone",
        ),
        (
            json!({"a": {"terms": {"field": "event.action", "order": {"b": "desc"}}}}),
            ErrorKind::Syntax,
            "a: it cannot be ordered by \"b\"",
        ),
        (
            json!({"a": {"cardinality": {"field": "event.action"}, "aggs": {"b": {"missing": {"field": "message"}}}}}),
            ErrorKind::Syntax,
            "a: it has no buckets that could hold other aggregations",
        ),
        (json!({"a": {}}), ErrorKind::Syntax, "a: an aggregation must say what it computes"),
        (json!([]), ErrorKind::Syntax, "aggregations are an object: a name and what it computes"),
        (
            json!({"a": {"filter": {"script": {}}}}),
            ErrorKind::Unsupported,
            "a: filter: there is no query \"script\" here",
        ),
    ] {
        let error = read(&json).expect_err(&json.to_string());
        assert_eq!((error.kind, error.message.as_str()), (kind, message), "{json}");
    }
}
