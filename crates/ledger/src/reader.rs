//! Reading a ledger beside its writer.

use crate::{ChainReport, Error, FeedId, FeedStatus, Interval};
use jiff::Timestamp;
use std::path::Path;

/// One activity as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Position in the ledger, dense from 1.
    pub sequence: u64,
    /// The feed it came from.
    pub feed: FeedId,
    /// The activity's id.
    pub id: String,
    /// When it happened (microseconds).
    pub created_at: Timestamp,
    /// When the page that brought it was received.
    pub first_seen: Timestamp,
    /// The page that brought it.
    pub page: u64,
    /// Its exact bytes.
    pub raw: Vec<u8>,
}

/// Which entries to read.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct EntryFilter {
    /// Of this feed only.
    pub feed: Option<FeedId>,
    /// With `created_at` at or after.
    pub from: Option<Timestamp>,
    /// With `created_at` before.
    pub to: Option<Timestamp>,
}

/// A page as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRecord {
    /// Number, dense from 1.
    pub page: u64,
    /// The feed.
    pub feed: FeedId,
    /// The drain: number of its first page.
    pub drain: u64,
    /// Sequence of the first activity it brought; 0 when none.
    pub first_sequence: u64,
    /// Activities it brought.
    pub inserted: u32,
    /// Activities it repeated.
    pub duplicates: u32,
    /// Activities it brought late.
    pub late: u32,
    /// The full URL.
    pub url: String,
    /// The parameters, a JSON object.
    pub parameters: String,
    /// The vendor's request id.
    pub request_id: Option<String>,
    /// When the request was sent.
    pub requested_at: Timestamp,
    /// When the response was complete.
    pub responded_at: Timestamp,
    /// HTTP status.
    pub status: u16,
    /// SHA-256 of the response body.
    pub body_sha256: [u8; 32],
    /// Size of the response body, in bytes.
    pub body_bytes: u64,
    /// Requests it took.
    pub attempts: u32,
    /// The interval it proved, when it ended a drain.
    pub drained: Option<Interval>,
    /// Its link of the chain.
    pub link: u64,
    /// Head of the chain after it.
    pub chain_head: [u8; 32],
}

/// A read-only view of a ledger; works beside a writer in any process, and without one.
#[derive(Debug)]
pub struct Reader {}

impl Reader {
    /// Opens the ledger at `path` for reading.
    pub fn open(_path: &Path) -> Result<Reader, Error> {
        unimplemented!()
    }

    /// Up to `limit` entries with a sequence above `after_sequence`, in sequence order.
    pub fn entries(
        &self,
        _after_sequence: u64,
        _limit: usize,
        _filter: &EntryFilter,
    ) -> Result<Vec<Entry>, Error> {
        unimplemented!()
    }

    /// The highest sequence; 0 when empty.
    pub fn last_sequence(&self) -> Result<u64, Error> {
        unimplemented!()
    }

    /// Head of the chain.
    pub fn chain_head(&self) -> Result<[u8; 32], Error> {
        unimplemented!()
    }

    /// Bytes on disk: the file and its write-ahead log.
    pub fn bytes(&self) -> u64 {
        unimplemented!()
    }

    /// The state of every feed, in order of registration.
    pub fn feeds(&self) -> Result<Vec<FeedStatus>, Error> {
        unimplemented!()
    }

    /// Every reader's cursor, by name.
    pub fn cursors(&self) -> Result<Vec<(String, u64)>, Error> {
        unimplemented!()
    }

    /// The record of one page.
    pub fn page(&self, _page: u64) -> Result<Option<PageRecord>, Error> {
        unimplemented!()
    }

    /// Recomputes everything from the stored bytes and names the first difference.
    pub fn check_chain(&self, _progress: &mut dyn FnMut(u64, u64)) -> Result<ChainReport, Error> {
        unimplemented!()
    }
}
