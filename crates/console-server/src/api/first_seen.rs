//! What was never seen before: countries, networks, programs, keys, MCP servers, actors that are new within a range.
//!
//! New is what no document before the range has. Which values there were, and since when, is counted over everything once and
//! kept for a while; only the range itself is counted anew, so that something that came a second ago is told at once.

use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use query::{Backend, Context, Expression, SearchRequest};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    caller::Caller,
    document::{self as documents, ACTOR_ID, ACTOR_NAME, ACTOR_TYPE, AGENT, COUNTRY, NETWORK},
    error::ApiError,
    extract::Parameters,
    guard::SignedIn,
    question::{self, Question},
};

/// How long the count over everything is good for. What came since is in the range, or was fetched late.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
/// Values of a field that are told apart; a field with more is left out.
const VALUES_MAX: usize = 10_000;
/// Things of one kind that are told.
const TOLD_MAX: usize = 20;
/// The trail must reach back so far before the range, or as far as the range is long: else everything would be new.
const REACH: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A kind of thing that can be new.
struct Kind {
    name: &'static str,
    field: &'static str,
    /// What to call it, where its value is an id.
    label: Option<&'static str>,
    /// Only where the actor is of one of these types.
    of: &'static [&'static str],
}

const KINDS: [Kind; 6] = [
    Kind { name: "country", field: COUNTRY, label: None, of: &[] },
    Kind { name: "network", field: NETWORK, label: None, of: &[] },
    Kind { name: "agent", field: AGENT, label: None, of: &[] },
    Kind {
        name: "mcp_server",
        field: "anthropic.audit.mcp_server_id",
        label: Some("anthropic.audit.mcp_server_name"),
        of: &[],
    },
    Kind {
        name: "key",
        field: ACTOR_ID,
        label: Some(ACTOR_NAME),
        of: &["api_actor", "admin_api_key_actor", "service_account_actor"],
    },
    Kind { name: "actor", field: ACTOR_ID, label: Some(ACTOR_NAME), of: &["user_actor"] },
];

/// Since when values are known, by kind.
pub(crate) struct Known {
    counted_at: Timestamp,
    earliest: Option<Timestamp>,
    values: HashMap<&'static str, HashMap<String, Timestamp>>,
    left_out: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    from: String,
    to: String,
    time_zone: Option<String>,
    now: Option<Timestamp>,
}

/// What is new within a range.
pub(crate) async fn first_seen(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Parameters(range): Parameters<Range>,
) -> Result<Json<Value>, ApiError> {
    let backend = question::backend(&app)?;
    let asked = Question {
        from: Some(range.from),
        to: Some(range.to),
        time_zone: range.time_zone,
        now: range.now,
        ..Question::default()
    };
    let read = asked.read(&backend.fields(), app.now())?;
    let detail = format!("what is new · {}", asked.in_words(app.now()));
    question::log(&app, &signed_in, &caller.address, "search", detail).await?;
    // Both are given.
    let (from, to) = (read.from.unwrap_or_default(), read.to.unwrap_or_default());
    let known = known(&app, &backend).await?;
    let reach = to.duration_since(from).min(REACH);
    let begins = from.checked_sub(reach).unwrap_or(Timestamp::MIN);
    let answer = |items: Vec<Value>, reason: Option<String>| {
        Json(json!({
            "items": items, "left_out": known.left_out, "as_of": known.counted_at, "reason": reason,
        }))
    };
    match known.earliest {
        None => return Ok(answer(Vec::new(), Some("there are no events yet".to_owned()))),
        Some(earliest) if earliest > begins => {
            let reason = format!("events begin at {earliest}: too shortly before {from} to say what is new");
            return Ok(answer(Vec::new(), Some(reason)));
        }
        Some(_) => {}
    }
    let everything = KINDS.iter().map(|kind| (kind, None));
    let found = count(&app, &backend, everything, &first_time(), Some((from, to))).await?;
    let new: Vec<(&Kind, Vec<String>)> = KINDS
        .iter()
        .map(|kind| (kind, known.new_of(kind, &found, from)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let chosen = new.iter().map(|(kind, values)| (*kind, Some(values.as_slice())));
    let events = count(&app, &backend, chosen, &first_event(), Some((from, to))).await?;
    let mut items: Vec<Value> = new
        .iter()
        .flat_map(|(kind, _)| {
            documents::buckets(&events[kind.name], "values").filter_map(|bucket| item(kind, bucket))
        })
        .collect();
    items.sort_by(|left, right| right["first_seen"].as_str().cmp(&left["first_seen"].as_str()));
    Ok(answer(items, None))
}

/// The first time of each value, and the first document with it.
fn first_time() -> Value {
    json!({ "first": { "min": { "field": query::TIMESTAMP } } })
}

fn first_event() -> Value {
    json!({ "first": { "top_hits": { "size": 1, "sort": [{ query::TIMESTAMP: "asc" }] } } })
}

/// Values of each kind, all or those chosen, with what is to be told of each.
async fn count<'k>(
    app: &App,
    backend: &Arc<dyn Backend>,
    kinds: impl Iterator<Item = (&'k Kind, Option<&'k [String]>)>,
    each: &Value,
    range: Option<(Timestamp, Timestamp)>,
) -> Result<Value, ApiError> {
    let mut asked = Map::new();
    for (kind, chosen) in kinds {
        let mut terms = json!({ "field": kind.field, "size": VALUES_MAX });
        let mut of = Vec::new();
        if !kind.of.is_empty() {
            of.push(json!({ "terms": { ACTOR_TYPE: kind.of } }));
        }
        if let Some(chosen) = chosen {
            // A document may have others beside them; without the filter every document would be looked at.
            terms["include"] = json!(chosen);
            of.push(json!({ "terms": { kind.field: chosen } }));
        }
        let values = json!({ "values": { "terms": terms, "aggs": each } });
        let filter = json!({ "bool": { "filter": of } });
        asked.insert(kind.name.to_owned(), json!({ "filter": filter, "aggs": values }));
    }
    if asked.is_empty() {
        return Ok(Value::Null);
    }
    let mut request = SearchRequest::new(Expression::Everything, 0);
    (request.from, request.to) = range.unzip();
    let fields = backend.fields();
    request.aggregations = documents::aggregations(&asked.into(), &Context::new(&fields, app.now()))?;
    Ok(question::answer(app, &**backend, request).await?.aggregations.into())
}

/// What is known, counted anew when it has become old; whoever comes meanwhile waits for the same count.
async fn known(app: &App, backend: &Arc<dyn Backend>) -> Result<Arc<Known>, ApiError> {
    let mut kept = app.known.lock().await;
    let now = app.now();
    if let Some(known) = kept.as_ref().filter(|known| now.duration_since(known.counted_at) < KEPT) {
        return Ok(Arc::clone(known));
    }
    let everything = KINDS.iter().map(|kind| (kind, None));
    let found = count(app, backend, everything, &first_time(), None).await?;
    let known = Arc::new(Known::read(&found, now));
    *kept = Some(Arc::clone(&known));
    Ok(known)
}

impl Known {
    fn read(found: &Value, counted_at: Timestamp) -> Self {
        let mut known = Self { counted_at, earliest: None, values: HashMap::new(), left_out: Vec::new() };
        for kind in &KINDS {
            let answer = &found[kind.name];
            if answer["values"]["sum_other_doc_count"].as_u64().unwrap_or_default() > 0 {
                known.left_out.push(kind.name);
                continue;
            }
            let values: HashMap<String, Timestamp> = documents::buckets(answer, "values")
                .filter_map(|bucket| Some((documents::key(bucket), first_of(bucket)?)))
                .collect();
            known.earliest = known.earliest.into_iter().chain(values.values().copied()).min();
            known.values.insert(kind.name, values);
        }
        known
    }

    /// The values of the range that nothing before it has; the newest ones.
    fn new_of(&self, kind: &Kind, found: &Value, from: Timestamp) -> Vec<String> {
        let Some(known) = self.values.get(kind.name) else { return Vec::new() };
        let mut new: Vec<(Timestamp, String)> = documents::buckets(&found[kind.name], "values")
            .filter_map(|bucket| Some((first_of(bucket)?, documents::key(bucket))))
            .filter(|(_, value)| known.get(value).is_none_or(|first| *first >= from))
            .collect();
        new.sort_by(|left, right| right.cmp(left));
        new.into_iter().take(TOLD_MAX).map(|(_, value)| value).collect()
    }
}

fn first_of(bucket: &Value) -> Option<Timestamp> {
    let milliseconds = bucket["first"]["value"].as_f64()?;
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

fn item(kind: &Kind, bucket: &Value) -> Option<Value> {
    let hit = bucket["first"]["hits"]["hits"].as_array()?.first()?;
    let document = &hit["_source"];
    let text = |name: &str| documents::text(document, name);
    let value = documents::key(bucket);
    Some(json!({
        "kind": kind.name,
        "field": kind.field,
        "label": kind.label.and_then(text).unwrap_or_else(|| value.clone()),
        "value": value,
        "count": documents::count(bucket),
        "first_seen": text(query::TIMESTAMP),
        "event_id": hit["_id"],
        "sequence": documents::value(document, query::SEQUENCE),
        "actor": { "id": text(ACTOR_ID), "name": text(ACTOR_NAME) },
        "sentence": text("message"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(values: &[(&str, i64)], others: u64) -> Value {
        let bucket = |(key, second): &(&str, i64)| json!({ "key": key, "doc_count": 1, "first": { "value": second * 1_000 } });
        json!({ "country": { "values": {
            "sum_other_doc_count": others, "buckets": values.iter().map(bucket).collect::<Vec<_>>(),
        } } })
    }

    #[test]
    fn new_is_what_nothing_before_the_range_has() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let known = Known::read(&counted(&[("PT", 10), ("DE", 100), ("FR", 130)], 0), at(140));
        assert_eq!((known.earliest, &known.left_out[..]), (Some(at(10)), &[][..]));
        // JP came after the count; PT is old, whenever the range has it first.
        let found = counted(&[("PT", 110), ("DE", 100), ("FR", 130), ("JP", 150)], 0);
        assert_eq!(known.new_of(&KINDS[0], &found, at(100)), ["JP", "FR", "DE"]);
        assert_eq!(known.new_of(&KINDS[0], &found, at(101)), ["JP", "FR"]);
        let too_many = Known::read(&counted(&[("PT", 10)], 7), at(140));
        assert_eq!(too_many.left_out, ["country"]);
        assert!(too_many.new_of(&KINDS[0], &found, at(100)).is_empty());
    }
}
