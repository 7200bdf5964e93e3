//! What is new in the ledger, for every stream: looked for while somebody watches, and never otherwise.
//!
//! An activity is news once the store of documents can find it, so that whoever is told may ask at once. A store that does not answer
//! finds nothing, and what came meanwhile is told when it does. Without a store the ledger alone decides.
//!
//! However many watch, an activity is made into what is sent once, and no more than the newest are kept; and the store is asked
//! how far it is once.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Entry, EntryFilter, Reader};
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use crate::{
    app::App,
    error::ApiError,
    trail::{Documents, Trail},
};

/// How often the ledger is looked at. Reading its last sequence costs microseconds.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long the pulse of the trail waits for a store that does not answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Of more news than this at once (a backfill, say) only the newest are sent, and the rest is counted.
const NEWS_MAX: u64 = 200;

/// News since a sequence.
pub(crate) struct News {
    /// Up to where everything has been told.
    pub(crate) sequence: u64,
    /// Activities that were left out.
    pub(crate) skipped: u64,
    /// Sequence and body of each activity.
    pub(crate) activities: Vec<(u64, Arc<str>)>,
}

/// The newest activities as they are sent: made once for all who watch, and never more than [`NEWS_MAX`].
#[derive(Default)]
pub(crate) struct Newest(VecDeque<(u64, Arc<str>)>);

/// How far the store of documents is, as it was asked last.
#[derive(Debug, Default)]
pub(crate) struct Found {
    asked_at: Option<Instant>,
    sequence: u64,
}

/// What came after `seen`; all that can be found counts as seen when it is `None`.
pub(crate) async fn news(app: &App, seen: Option<u64>) -> Result<News, ApiError> {
    let last = app.readers.with(|reader| Ok(reader.last_sequence()?)).await?;
    let seen = seen.map(|seen| seen.min(last));
    if seen == Some(last) {
        return Ok(News { sequence: last, skipped: 0, activities: Vec::new() });
    }
    let found = found(app, last).await;
    // Where the store begins anew, what was told once is not told again, and little of the rest.
    let seen = seen.unwrap_or(found.max(last.saturating_sub(NEWS_MAX)));
    let sequence = found.clamp(seen, last);
    let (trail, newest) = (Arc::clone(&app.trail), Arc::clone(&app.newest));
    app.readers.with(move |reader| read_news(reader, &*trail, &newest, seen, sequence)).await
}

/// Up to which sequence everything can be found, at most the ledger's last. However many streams there are, it is asked once in
/// an interval.
async fn found(app: &App, last: u64) -> u64 {
    let Some(backend) = &app.backend else { return last };
    let mut found = app.found.lock().await;
    let is_old = found.asked_at.is_none_or(|asked_at| asked_at.elapsed() >= LOOK_INTERVAL);
    if found.sequence < last && is_old {
        match tokio::time::timeout(ANSWER_WITHIN, backend.status()).await {
            Ok(Ok(status)) => found.sequence = status.sequence.unwrap_or(last).min(last),
            Ok(Err(error)) => tracing::debug!(%error, "the store of documents does not say how far it is"),
            Err(_) => tracing::debug!("the store of documents does not say in time how far it is"),
        }
        found.asked_at = Some(Instant::now());
    }
    found.sequence.min(last)
}

fn read_news(
    reader: &Reader,
    trail: &dyn Trail,
    newest: &Mutex<Newest>,
    seen: u64,
    sequence: u64,
) -> Result<News, ApiError> {
    let after = seen.max(sequence.saturating_sub(NEWS_MAX));
    if after == sequence {
        return Ok(News { sequence, skipped: after - seen, activities: Vec::new() });
    }
    let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
    newest.follow(reader, trail, after, sequence)?;
    let wanted = |(found, _): &&(u64, Arc<str>)| *found > after && *found <= sequence;
    let activities = newest.0.iter().filter(wanted).cloned().collect();
    Ok(News { sequence, skipped: after - seen, activities })
}

impl Newest {
    /// Makes what is missing of the activities after one sequence up to another.
    fn follow(&mut self, reader: &Reader, trail: &dyn Trail, after: u64, up_to: u64) -> Result<(), ApiError> {
        let first = self.0.front().map_or(u64::MAX, |(sequence, _)| *sequence);
        let last = self.0.back().map_or(0, |(sequence, _)| *sequence);
        if last >= up_to && first <= after + 1 {
            return Ok(());
        }
        let goes_on = first <= after + 1 && last >= after;
        if !goes_on {
            self.0.clear();
        }
        let from = if goes_on { last } else { after };
        let documents = trail.documents(reader)?;
        let filter = EntryFilter { up_to: Some(up_to), ..EntryFilter::default() };
        for entry in reader.entries(from, NEWS_MAX as usize, &filter)? {
            self.0.push_back((entry.sequence, body(&*documents, &entry)?));
        }
        while self.0.len() > NEWS_MAX as usize {
            self.0.pop_front();
        }
        Ok(())
    }
}

fn body(documents: &dyn Documents, entry: &Entry) -> Result<Arc<str>, ApiError> {
    let mut text = Vec::new();
    documents.ecs(entry, &mut text);
    let document = String::from_utf8(text).map_err(ApiError::internal)?;
    let body = json!({
        "sequence": entry.sequence,
        "id": entry.id,
        "sentence": documents.sentence(entry),
        "document": RawValue::from_string(document).map_err(ApiError::internal)?,
    });
    Ok(body.to_string().into())
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
