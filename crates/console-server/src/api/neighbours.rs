//! What happened around an activity: the same actor, the same address, the same thing acted upon.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::{SignedDuration, Timestamp};
use query::{Backend, Expression, Fields, Hit, SearchRequest, Sort, Test, Value as Wanted};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{app::App, error::ApiError, extract::Parameters, question};

use super::{events, search::hit};

/// Most neighbours of each kind.
const NEIGHBOURS: usize = 50;
/// Widest stretch to either side, in minutes.
const MINUTES_MAX: i64 = 24 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Around {
    minutes: Option<i64>,
}

/// The neighbours, in order of time, without the activity itself.
pub(crate) async fn neighbours(
    State(app): State<App>,
    Path(id): Path<String>,
    Parameters(around): Parameters<Around>,
) -> Result<Json<Value>, ApiError> {
    let minutes = around.minutes.unwrap_or(10);
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(ApiError::bad_request(format!("minutes is {minutes}, not between 1 and {MINUTES_MAX}")));
    }
    let backend = question::backend(&app)?;
    let trail = Arc::clone(&app.trail);
    let wanted = id.clone();
    let (document, at) = app
        .readers
        .with(move |reader| {
            let entry = events::find(reader, &wanted)?.ok_or_else(|| events::unknown(&wanted))?;
            let document = events::document(&*trail, reader, &entry)?;
            Ok((serde_json::from_str::<Value>(document.get()).map_err(ApiError::internal)?, entry.created_at))
        })
        .await?;
    let fields = backend.fields();
    let near = Near { backend, at, reach: SignedDuration::from_mins(minutes), id };
    let _turn = app.searches.acquire().await.map_err(ApiError::internal)?;
    let same = |names: &[&str]| same(&document, &fields, names);
    Ok(Json(json!({
        "actor": near.with(same(&["anthropic.audit.actor.id"]), &fields).await?,
        "address": near.with(same(&["source.ip"]), &fields).await?,
        "target": near.with(target(&document, &fields), &fields).await?,
    })))
}

struct Near {
    backend: Arc<dyn Backend>,
    at: Timestamp,
    reach: SignedDuration,
    id: String,
}

impl Near {
    async fn with(&self, same: Option<Expression>, fields: &Fields) -> Result<Vec<Value>, ApiError> {
        let Some(same) = same else { return Ok(Vec::new()) };
        // One more, for the activity itself.
        let mut request = SearchRequest::new(same, NEIGHBOURS + 1);
        request.from = self.at.checked_sub(self.reach).ok();
        request.to = self.at.checked_add(self.reach).ok();
        request.sort = vec![Sort::new(fields.resolve(query::TIMESTAMP)?, false)?];
        let answer = self.backend.search(request).await?;
        let others = answer.hits.into_iter().filter(|found: &Hit| found.id != self.id);
        Ok(others.take(NEIGHBOURS).map(hit).collect())
    }
}

/// What is acted upon: the person, or whatever has an id of its own.
fn target(document: &Value, fields: &Fields) -> Option<Expression> {
    if let Some(person) = same(document, fields, &["user.target.id", "user.target.email"]) {
        return Some(person);
    }
    let audit = document.get("anthropic")?.get("audit")?.as_object()?;
    let ids: Vec<String> = audit
        .iter()
        .filter(|(name, value)| {
            name.ends_with("_id") && !name.starts_with("organization") && value.is_string()
        })
        .map(|(name, _)| format!("anthropic.audit.{name}"))
        .collect();
    same(document, fields, &ids.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Documents that share the value of one of the fields; `None` when the document has none of them.
fn same(document: &Value, fields: &Fields, names: &[&str]) -> Option<Expression> {
    let tests: Vec<Expression> = names
        .iter()
        .filter_map(|name| {
            let value = name.split('.').try_fold(document, |place, part| place.get(part))?.as_str()?;
            let field = fields.find(name)?;
            let wanted = match value.parse() {
                Ok(address) if field.kind == query::FieldKind::Address => Wanted::Address(address),
                _ => Wanted::Text(value.to_owned()),
            };
            Some(Expression::Field(field, Test::Is(wanted)))
        })
        .collect();
    (!tests.is_empty()).then(|| Expression::or(tests))
}
