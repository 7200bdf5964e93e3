//! The fields of documents that whole screens are made of, and how answers of the store are read.
//!
//! What is asked in Elasticsearch's JSON is read here too: a member that is missing or strange counts as nothing, never as a
//! failure, because the document says so and not the program.

use query::{Aggregation, Aggregations, Context, Expression, Fields, Test, Value as Wanted};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

pub(crate) const ACTOR_ID: &str = "anthropic.audit.actor.id";
pub(crate) const ACTOR_NAME: &str = "anthropic.audit.actor.name";
pub(crate) const ACTOR_TYPE: &str = "anthropic.audit.actor.type";
pub(crate) const ACTION: &str = "event.action";
pub(crate) const CATEGORY: &str = "event.category";
pub(crate) const OUTCOME: &str = "event.outcome";
pub(crate) const SEVERITY: &str = "event.severity";
pub(crate) const COUNTRY: &str = "source.geo.country_iso_code";
pub(crate) const CITY: &str = "source.geo.city_name";
pub(crate) const ADDRESS: &str = "source.ip";
pub(crate) const NETWORK: &str = "source.as.organization.name";
pub(crate) const AGENT: &str = "user_agent.name";
pub(crate) const OPERATING_SYSTEM: &str = "user_agent.os.name";

/// Severity from which on something was changed that matters: access, keys, data or settings.
pub(crate) const PRIVILEGED: u64 = 47;

/// Documents of failures, and of what was changed that matters, as aggregations `failures` and `privileged`.
pub(crate) fn counted() -> Map<String, Value> {
    let aggregations = json!({
        "failures": { "filter": { "term": { OUTCOME: "failure" } } },
        "privileged": { "filter": { "range": { SEVERITY: { "gte": PRIVILEGED } } } },
    });
    object(aggregations)
}

/// First and last time, as aggregation `times`.
pub(crate) fn times() -> Map<String, Value> {
    object(json!({ "times": { "stats": { "field": query::TIMESTAMP } } }))
}

/// The members of several objects.
pub(crate) fn merged(parts: impl IntoIterator<Item = Map<String, Value>>) -> Value {
    parts.into_iter().flatten().collect::<Map<_, _>>().into()
}

/// The members of an object; none of anything else.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Aggregations in Elasticsearch's JSON, read.
pub(crate) fn aggregations(json: &Value, context: &Context<'_>) -> Result<Aggregations, ApiError> {
    Ok(Aggregation::read_all(json, context)?)
}

/// Documents whose field has one of these texts.
pub(crate) fn one_of<'t>(
    fields: &Fields,
    name: &str,
    texts: impl IntoIterator<Item = &'t str>,
) -> Result<Expression, ApiError> {
    let field = fields.resolve(name)?;
    let is = |text: &str| Expression::Field(field.clone(), Test::Is(Wanted::Text(text.to_owned())));
    Ok(Expression::or(texts.into_iter().map(is)))
}

/// The buckets of an aggregation.
pub(crate) fn buckets<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer[name]["buckets"].as_array().into_iter().flatten()
}

/// A bucket's key as text.
pub(crate) fn key(bucket: &Value) -> String {
    let key = bucket.get("key_as_string").unwrap_or(&bucket["key"]);
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}

/// How many documents a bucket holds.
pub(crate) fn count(bucket: &Value) -> u64 {
    bucket["doc_count"].as_u64().unwrap_or_default()
}

/// The commonest value of an aggregation of terms.
pub(crate) fn commonest(answer: &Value, name: &str) -> Option<String> {
    buckets(answer, name).next().map(key).filter(|text| !text.is_empty())
}

/// The first and last time of [`times`].
pub(crate) fn first_and_last(answer: &Value) -> (Value, Value) {
    let time = |name: &str| answer["times"].get(name).cloned().unwrap_or_default();
    (time("min_as_string"), time("max_as_string"))
}

/// The value of a field of a document; the first of several.
pub(crate) fn value<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let found = path.split('.').try_fold(document, |place, part| place.get(part))?;
    found.as_array().map_or(Some(found), |values| values.first()).filter(|found| !found.is_null())
}

/// The value of a field of a document as text.
pub(crate) fn text(document: &Value, path: &str) -> Option<String> {
    let found = value(document, path)?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_field_is_found() {
        let document = json!({ "event": { "category": ["iam", "file"], "severity": 47, "reason": null } });
        for (path, expected) in [
            (CATEGORY, Some("iam")),
            (SEVERITY, Some("47")),
            ("event.reason", None),
            (ACTION, None),
            ("event.category.more", None),
        ] {
            assert_eq!(text(&document, path).as_deref(), expected, "{path}");
        }
    }
}
