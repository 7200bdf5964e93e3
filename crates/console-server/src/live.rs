//! What is new in the ledger, for one stream: looked for while somebody watches, and never otherwise.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ledger::{EntryFilter, Reader};
use serde_json::{Value, json, value::RawValue};

use crate::{app::App, error::ApiError, trail::Trail};

/// How often the ledger is looked at. Reading its last sequence costs microseconds.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Of more news than this at once (a backfill, say) only the newest are sent, and the rest is counted.
const NEWS_MAX: u64 = 200;

/// News since a sequence.
pub(crate) struct News {
    /// The ledger's last sequence.
    pub(crate) sequence: u64,
    /// Activities that were left out.
    pub(crate) skipped: u64,
    /// Sequence and body of each activity.
    pub(crate) activities: Vec<(u64, Value)>,
}

/// What came after `seen`; all that there is counts as seen when it is `None`.
pub(crate) async fn news(app: &App, seen: Option<u64>) -> Result<News, ApiError> {
    let trail = Arc::clone(&app.trail);
    app.readers.with(move |reader| read_news(reader, &*trail, seen)).await
}

fn read_news(reader: &Reader, trail: &dyn Trail, seen: Option<u64>) -> Result<News, ApiError> {
    let sequence = reader.last_sequence()?;
    let seen = seen.unwrap_or(sequence).min(sequence);
    let after = seen.max(sequence.saturating_sub(NEWS_MAX));
    let mut news = News { sequence, skipped: after - seen, activities: Vec::new() };
    if after == sequence {
        return Ok(news);
    }
    let documents = trail.documents(reader)?;
    let filter = EntryFilter { up_to: Some(sequence), ..EntryFilter::default() };
    for entry in reader.entries(after, NEWS_MAX as usize, &filter)? {
        let mut text = Vec::new();
        documents.ecs(&entry, &mut text);
        let document = String::from_utf8(text).map_err(ApiError::internal)?;
        let document = RawValue::from_string(document).map_err(ApiError::internal)?;
        let body = json!({
            "sequence": entry.sequence,
            "id": entry.id,
            "sentence": documents.sentence(&entry),
            "document": document,
        });
        news.activities.push((entry.sequence, body));
    }
    Ok(news)
}

/// The pulse of the trail: how far it is, when it last heard from the API, and whether every feed is well.
pub(crate) async fn pulse(app: &App) -> Result<Value, ApiError> {
    app.readers
        .with(|reader| {
            let feeds = reader.feeds()?;
            let last_poll: Option<Timestamp> = feeds.iter().filter_map(|feed| feed.last_poll).max();
            let ok = feeds.iter().all(|feed| feed.last_error.is_none());
            Ok(json!({ "sequence": reader.last_sequence()?, "last_poll": last_poll, "ok": ok }))
        })
        .await
}
