//! One activity: its document, its exact text, and where it came from.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use ledger::{Entry, Interval, Reader};
use serde_json::{Value, json, value::RawValue};

use crate::{app::App, caller::Caller, error::ApiError, guard::SignedIn, trail::Trail};

/// The activity of an id.
pub(crate) async fn event(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    app.log(&signed_in.session.user, &caller.address, "event", "success", id.as_str()).await?;
    let trail = Arc::clone(&app.trail);
    let answer = app
        .readers
        .with(move |reader| {
            let entry = find(reader, &id)?.ok_or_else(|| unknown(&id))?;
            describe(reader, &*trail, &entry)
        })
        .await?;
    Ok(Json(answer))
}

pub(crate) fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("the ledger has no activity {id:?}"))
        .hint("ids are those of the API: activity_…")
}

/// The first feed's that has it: ids are unique within a parent organization.
pub(crate) fn find(reader: &Reader, id: &str) -> Result<Option<Entry>, ApiError> {
    for feed in reader.feeds()? {
        if let Some(entry) = reader.find(feed.id, id)? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

fn describe(reader: &Reader, trail: &dyn Trail, entry: &Entry) -> Result<Value, ApiError> {
    Ok(json!({
        "id": entry.id,
        "document": document(trail, reader, entry)?,
        "raw": String::from_utf8_lossy(&entry.raw),
        "provenance": provenance(reader, entry)?,
    }))
}

pub(crate) fn document(trail: &dyn Trail, reader: &Reader, entry: &Entry) -> Result<Box<RawValue>, ApiError> {
    let mut text = Vec::new();
    trail.documents(reader)?.ecs(entry, &mut text);
    let text = String::from_utf8(text).map_err(ApiError::internal)?;
    RawValue::from_string(text).map_err(ApiError::internal)
}

/// Why this activity is here: when it was first seen, and the request that brought it.
fn provenance(reader: &Reader, entry: &Entry) -> Result<Value, ApiError> {
    let lag = entry.first_seen.duration_since(entry.created_at).as_millis_f64() / 1_000.0;
    let page = reader.page(entry.page)?;
    let feed = reader.feeds()?.into_iter().find(|feed| feed.id == entry.feed);
    let drains = match &feed {
        Some(feed) => {
            let moment =
                Interval::new(entry.created_at, entry.created_at + jiff::Span::new().microseconds(1));
            moment.map(|moment| reader.drains(feed.id, moment)).transpose()?.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let first_drained =
        drains.first().map(|drain| json!({ "gte": drain.interval.gte, "lt": drain.interval.lt }));
    // Its time was drained to the end before it came.
    let late = drains.iter().any(|drain| drain.last_page < entry.page);
    Ok(json!({
        "feed": feed.map(|feed| feed.name),
        "sequence": entry.sequence,
        "first_seen": entry.first_seen,
        "lag_seconds": lag.max(0.0),
        "activity_sha256": hexadecimal(&sha256(&entry.raw)),
        "first_drained": first_drained,
        "late": late,
        "page": page.map(|page| json!({
            "number": page.page,
            "url": page.url,
            "request_id": page.request_id,
            "requested_at": page.requested_at,
            "responded_at": page.responded_at,
            "body_sha256": hexadecimal(&page.body_sha256),
            "body_bytes": page.body_bytes,
            "inserted": page.inserted,
            "duplicates": page.duplicates,
            "late": page.late,
            "link": page.link,
            "chain_head": hexadecimal(&page.chain_head),
        })),
    }))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}
