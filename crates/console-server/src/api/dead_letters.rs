//! Activities that a destination would not take.

use std::sync::Arc;

use axum::{Json, extract::State};
use ledger::{DeadLetter, EntryFilter, Reader};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    error::ApiError,
    extract::Parameters,
    trail::{Documents, Trail},
};

/// Letters of an answer unless asked otherwise, and at most.
const SIZE: usize = 50;
const SIZE_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    sink: String,
    /// The sequence of the last one of the page before.
    #[serde(default)]
    after: u64,
    size: Option<usize>,
}

/// The dead letters of a sink, in order of the ledger.
pub(crate) async fn list(
    State(app): State<App>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let trail = Arc::clone(&app.trail);
    let size = wanted.size.unwrap_or(SIZE).clamp(1, SIZE_MAX);
    Ok(Json(app.readers.with(move |reader| read(reader, &*trail, &wanted, size)).await?))
}

fn read(reader: &Reader, trail: &dyn Trail, wanted: &Wanted, size: usize) -> Result<Value, ApiError> {
    if !reader.sinks()?.iter().any(|sink| sink.name == wanted.sink) {
        return Err(unknown_sink(&wanted.sink));
    }
    let letters = reader.dead_letters(&wanted.sink, wanted.after, size)?;
    let documents = trail.documents(reader)?;
    let told: Vec<Value> =
        letters.iter().map(|letter| tell(reader, &*documents, letter)).collect::<Result<_, _>>()?;
    let next = letters.last().filter(|_| letters.len() == size).map(|letter| letter.sequence);
    Ok(json!({ "dead_letters": told, "next": next }))
}

pub(super) fn unknown_sink(name: &str) -> ApiError {
    ApiError::not_found(format!("there is no sink {name:?} that delivered anything yet"))
        .hint("GET /trail lists the sinks")
}

fn tell(reader: &Reader, documents: &dyn Documents, letter: &DeadLetter) -> Result<Value, ApiError> {
    let found = reader.entries(letter.sequence.saturating_sub(1), 1, &EntryFilter::default())?;
    let entry = found.first().filter(|entry| entry.sequence == letter.sequence);
    Ok(json!({
        "sink": letter.sink,
        "sequence": letter.sequence,
        "event_id": entry.map(|entry| &entry.id),
        "sentence": entry.map(|entry| documents.sentence(entry)),
        "reason": letter.reason,
        "refused_at": letter.refused_at,
        "attempts": letter.attempts,
    }))
}
