//! The one writer.

use crate::{Appended, Coverage, Error, Failure, FeedId, Interval, PageCommit, Reader};
use jiff::Timestamp;
use std::path::Path;

/// How to open a ledger for writing.
#[derive(Clone, Debug)]
pub struct Options {
    /// The writer's epoch; `None` keeps the ledger's own. A lower one than the ledger's is refused.
    pub epoch: Option<u64>,
    /// zstd level of the activity blocks.
    pub compression_level: i32,
    /// Identity of a ledger that is created; `None` draws one.
    pub identity: Option<[u8; 16]>,
}

impl Default for Options {
    fn default() -> Self {
        Self { epoch: None, compression_level: 1, identity: None }
    }
}

/// The one writer of a ledger.
#[derive(Debug)]
pub struct Ledger {}

impl Ledger {
    /// Opens the ledger at `path` for writing, creating it (and its folder) when missing.
    pub fn open(_path: &Path, _options: Options) -> Result<Ledger, Error> {
        unimplemented!()
    }

    /// Names a feed and its scope; returns the same number for the same name.
    pub fn register_feed(&mut self, _name: &str, _scope: &str, _now: Timestamp) -> Result<FeedId, Error> {
        unimplemented!()
    }

    /// States since when the feed is meant to be complete; an earlier statement stands.
    pub fn plan_start(&mut self, _feed: FeedId, _start: Timestamp) -> Result<(), Error> {
        unimplemented!()
    }

    /// Says why an interval is not covered; shown as the reason of a gap that overlaps it.
    pub fn note_gap(
        &mut self,
        _feed: FeedId,
        _interval: Interval,
        _reason: &str,
        _now: Timestamp,
    ) -> Result<(), Error> {
        unimplemented!()
    }

    /// Stores a page and what it proves: one transaction, durable before it returns.
    pub fn append(&mut self, _commit: &PageCommit<'_>) -> Result<Appended, Error> {
        unimplemented!()
    }

    /// Keeps the last failure of a feed; the next append clears it.
    pub fn record_failure(&mut self, _feed: FeedId, _failure: &Failure) -> Result<(), Error> {
        unimplemented!()
    }

    /// Moves a reader's cursor.
    pub fn set_cursor(&mut self, _reader: &str, _sequence: u64) -> Result<(), Error> {
        unimplemented!()
    }

    /// What the feed has drained in its current scope.
    pub fn coverage(&self, _feed: FeedId) -> Result<Coverage, Error> {
        unimplemented!()
    }

    /// A reader of the same ledger.
    pub fn reader(&self) -> Result<Reader, Error> {
        unimplemented!()
    }
}
