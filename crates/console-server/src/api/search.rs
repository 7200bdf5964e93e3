//! Searches: hits, and what is counted over everything that matches, in Elasticsearch's JSON shapes.
//!
//! The store computes while somebody waits: when the client goes away the answer's future is dropped, and the work with it.

use std::{collections::BTreeMap, time::Instant};

use axum::{Json, extract::State};
use jiff::Timestamp;
use query::{Aggregation, Context, Fields, Hit, SearchRequest, Sort};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    caller::Caller,
    error::ApiError,
    extract::Body,
    guard::SignedIn,
    question::{self, Filter, Question},
};

/// Hits of an answer unless asked otherwise.
const SIZE: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "the names are those of Elasticsearch")]
pub(crate) struct Search {
    #[serde(default)]
    query: String,
    #[serde(default)]
    filters: Vec<Filter>,
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
    now: Option<Timestamp>,
    #[serde(default)]
    sort: Vec<BTreeMap<String, Direction>>,
    size: Option<usize>,
    search_after: Option<Vec<Value>>,
    fields: Option<Vec<String>>,
    aggs: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Asc,
    Desc,
}

/// Answers one question.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Body(search): Body<Search>,
) -> Result<Json<Value>, ApiError> {
    let started = Instant::now();
    let backend = question::backend(&app)?;
    let (asked, request) = search.read(&backend.fields(), &app)?;
    question::log(&app, &signed_in, &caller.address, "search", asked.in_words(app.now())).await?;
    let range = json!({ "from": request.from, "to": request.to });
    let answer = question::answer(&app, &*backend, request).await?;
    Ok(Json(json!({
        "took_ms": started.elapsed().as_millis() as u64,
        "total": answer.total,
        "range": range,
        "hits": answer.hits.into_iter().map(hit).collect::<Vec<_>>(),
        "aggregations": answer.aggregations,
    })))
}

impl Search {
    fn read(self, fields: &Fields, app: &App) -> Result<(Question, SearchRequest), ApiError> {
        let asked = Question {
            query: self.query,
            filters: self.filters,
            from: self.from,
            to: self.to,
            time_zone: self.time_zone,
            now: self.now,
        };
        let now = asked.now.unwrap_or_else(|| app.now());
        let read = asked.read(fields, now)?;
        let zone = question::zone(asked.time_zone.as_deref())?;
        let context = Context { fields, now, zone };
        let aggregations = match &self.aggs {
            Some(json) => Aggregation::read_all(json, &context)?,
            None => BTreeMap::new(),
        };
        let request = SearchRequest {
            query: read.expression,
            from: read.from,
            to: read.to,
            sort: order(&self.sort, fields)?,
            size: self.size.unwrap_or(SIZE),
            search_after: self.search_after,
            fields: self.fields,
            aggregations,
        };
        request.check()?;
        Ok((asked, request))
    }
}

fn order(sort: &[BTreeMap<String, Direction>], fields: &Fields) -> Result<Vec<Sort>, ApiError> {
    sort.iter()
        .flatten()
        .map(|(name, direction)| Ok(Sort::new(fields.resolve(name)?, *direction == Direction::Desc)?))
        .collect()
}

/// A hit as JSON.
pub(crate) fn hit(hit: Hit) -> Value {
    let members = [
        ("id", Value::String(hit.id)),
        ("sequence", hit.sequence.into()),
        ("document", hit.document),
        ("sort", Value::Array(hit.sort)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}
