//! What is new in the ledger, for every stream: looked for while somebody watches, and never otherwise.
//!
//! However many watch, an activity is made into what is sent once, and no more than the newest are kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Entry, EntryFilter, Reader};
use serde_json::{Value, json, value::RawValue};

use crate::{
    app::App,
    error::ApiError,
    trail::{Documents, Trail},
};

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
    pub(crate) activities: Vec<(u64, Arc<str>)>,
}

/// The newest activities as they are sent: made once for all who watch, and never more than [`NEWS_MAX`].
#[derive(Default)]
pub(crate) struct Newest(VecDeque<(u64, Arc<str>)>);

/// What came after `seen`; all that there is counts as seen when it is `None`.
pub(crate) async fn news(app: &App, seen: Option<u64>) -> Result<News, ApiError> {
    let (trail, newest) = (Arc::clone(&app.trail), Arc::clone(&app.newest));
    app.readers.with(move |reader| read_news(reader, &*trail, &newest, seen)).await
}

fn read_news(
    reader: &Reader,
    trail: &dyn Trail,
    newest: &Mutex<Newest>,
    seen: Option<u64>,
) -> Result<News, ApiError> {
    let sequence = reader.last_sequence()?;
    let seen = seen.unwrap_or(sequence).min(sequence);
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
