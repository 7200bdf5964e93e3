//! The ledger as a source of documents for one sink, as the user's processors leave them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use jiff::Timestamp;
use ledger::{Entry, EntryFilter, FeedId, Reader};
use normalize::Schema;
use sinks::{BatchLimits, Document, Read, Source, StorageError};

use super::storage_error;
use crate::{
    config::{Settings, SinkSettings},
    documents::Documents,
    error::Result,
};

/// Entries read at a time: what bounds the memory of a read that meets large activities.
const CHUNK: usize = 200;

/// Entries looked at in one read at most, so that a processor that drops nearly everything does not hold up a stop.
const MAX_LOOKED_AT: usize = 10_000;

/// Makes documents of entries in sequence order.
pub(crate) struct LedgerSource {
    reader: Reader,
    documents: Arc<Documents>,
    filter: EntryFilter,
    /// Namespaces by the name of the feed, and by its number in this ledger as far as it is known.
    by_name: HashMap<String, Arc<str>>,
    by_feed: HashMap<FeedId, Arc<str>>,
    dropped: Arc<AtomicU64>,
}

impl LedgerSource {
    /// What `sink` is to get, up to `last` if there is one.
    pub(crate) fn open(
        settings: &Settings,
        sink: &SinkSettings,
        documents: Arc<Documents>,
        last: Option<u64>,
    ) -> Result<Self> {
        let reader = Reader::open(&settings.ledger_path())?;
        let by_name =
            settings.feeds.iter().map(|feed| (feed.name.clone(), feed.namespace.as_str().into())).collect();
        let filter = EntryFilter { from: sink.from, up_to: last, ..EntryFilter::default() };
        Ok(Self { reader, documents, filter, by_name, by_feed: HashMap::new(), dropped: Arc::default() })
    }

    /// Only activities created at or after `from`.
    pub(crate) fn from(mut self, from: Option<Timestamp>) -> Self {
        self.filter.from = self.filter.from.max(from);
        self
    }

    /// A view of how many documents processors dropped; stays valid while the source is read elsewhere.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// The document of an entry; `None`, and counted, if a processor drops it.
    pub(crate) fn document(&mut self, entry: &Entry) -> std::result::Result<Option<Document>, ledger::Error> {
        let namespace = self.namespace(entry.feed)?;
        let made = Timestamp::now();
        let mut json = Vec::with_capacity(entry.raw.len() * 2 + 512);
        if !self.documents.deliver(Schema::Ecs, entry, Some(made), &mut json) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        let ingested = ingested(&json, made);
        let document = Document::new(entry.sequence, &entry.id, &namespace, Bytes::from(json));
        Ok(Some(Document { ingested, ..document }))
    }

    fn namespace(&mut self, feed: FeedId) -> std::result::Result<Arc<str>, ledger::Error> {
        if let Some(known) = self.by_feed.get(&feed) {
            return Ok(Arc::clone(known));
        }
        for status in self.reader.feeds()? {
            // A feed that is no longer configured keeps the default.
            let namespace = self.by_name.get(&status.name).cloned().unwrap_or_else(|| "default".into());
            self.by_feed.insert(status.id, namespace);
        }
        Ok(self.by_feed.get(&feed).cloned().unwrap_or_else(|| "default".into()))
    }

    fn try_read(&mut self, after: u64, limits: &BatchLimits) -> std::result::Result<Read, ledger::Error> {
        let newest = self.reader.last_sequence()?;
        let last = self.filter.up_to.map_or(newest, |up_to| up_to.min(newest));
        let filter = EntryFilter { up_to: Some(last), ..self.filter };
        let mut read = Read { documents: Vec::new(), through: after };
        let (mut bytes, mut looked_at) = (0, 0);
        while read.through < last
            && read.documents.len() < limits.max_documents
            && bytes < limits.max_bytes
            && looked_at < MAX_LOOKED_AT
        {
            let wanted = CHUNK.min(limits.max_documents - read.documents.len());
            let entries = self.reader.entries(read.through, wanted, &filter)?;
            looked_at += entries.len();
            for entry in &entries {
                if let Some(document) = self.document(entry)? {
                    bytes += document.json.len();
                    read.documents.push(document);
                }
            }
            // Fewer than wanted: the rest up to the end is not meant for this sink.
            let full = entries.len() == wanted;
            read.through = entries.last().filter(|_| full).map_or(last, |entry| entry.sequence);
        }
        Ok(read)
    }
}

/// Where the text of `event.ingested` stands. The time of making, to the nanosecond, is ours: no activity can hold it by chance.
fn ingested(json: &[u8], made: Timestamp) -> std::ops::Range<usize> {
    let text = format!("\"ingested\":\"{made}\"");
    let found = json.windows(text.len()).position(|window| window == text.as_bytes());
    found.map_or(0..0, |start| start + "\"ingested\":\"".len()..start + text.len() - 1)
}

impl Source for LedgerSource {
    fn read(&mut self, after: u64, limits: &BatchLimits) -> std::result::Result<Read, StorageError> {
        self.try_read(after, limits).map_err(|error| storage_error(&error))
    }
}
