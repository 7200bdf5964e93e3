//! Reading a ledger: beside its writer in any process, or when none runs.
//!
//! A reader never writes and never waits for the writer. Each call sees one consistent state of the ledger; a caller
//! that reads on from the last sequence it got sees every activity once. `docs/design/ledger.md` §10.

mod account;
mod entries;
mod open;
mod pages;
mod status;
pub(crate) mod transparency;

use crate::error::{Error, Step};
use crate::files::{beside, size};
use crate::record::RecordUnpacker;
use crate::store::{Blocks, Head};
use crate::{FeedId, Interval};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// One activity as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Position in the ledger, dense from 1.
    pub sequence: u64,
    /// The feed it came from.
    pub feed: FeedId,
    /// The activity's id.
    pub id: String,
    /// When it happened, in whole microseconds.
    pub created_at: Timestamp,
    /// When the page that brought it was received.
    pub first_seen: Timestamp,
    /// The page that brought it.
    pub page: u64,
    /// Whether it tells of a request of our own.
    pub own_read: bool,
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
    /// With this sequence or a lower one.
    pub up_to: Option<u64>,
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
    /// Hash of that link: head of the chain after it.
    pub chain_head: [u8; 32],
}

/// A completed drain: the evidence of an interval of coverage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrainRecord {
    /// Number: that of its first page.
    pub drain: u64,
    /// The page that said there was no more.
    pub last_page: u64,
    /// What it proves.
    pub interval: Interval,
}

/// What a feed was asked for, now or before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeRecord {
    /// Canonical text of base URL and filters.
    pub text: String,
    /// When it was first registered.
    pub since: Timestamp,
    /// Whether it is the feed's scope now.
    pub current: bool,
    /// What was drained in it.
    pub coverage: Vec<Interval>,
}

/// A read-only view of a ledger.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) cache: RefCell<Cache>,
}

/// What is kept between calls: decompressed once, read often.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) blocks: Blocks,
    pub(crate) unpacker: RecordUnpacker,
    /// Page, and when it was received.
    first_seen: Option<(u64, Timestamp)>,
}

impl Reader {
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Opens the ledger at `path` for reading.
    ///
    /// Works beside a writer in any process, without one, and in a folder that cannot be written.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        open::open(path)
    }

    /// The highest sequence; 0 when empty.
    pub fn last_sequence(&self) -> Result<u64, Error> {
        Head::load(&self.connection).map(|head| head.sequence)
    }

    /// Head of the chain.
    pub fn chain_head(&self) -> Result<[u8; 32], Error> {
        Head::load(&self.connection).map(|head| head.hash)
    }

    /// Drawn when the ledger was begun; no two ledgers have the same.
    pub fn identity(&self) -> Result<[u8; 16], Error> {
        Head::load(&self.connection).map(|head| head.identity)
    }

    /// Hash of a link as stored: the head of the chain when that link was the last. `None` when there is no such link.
    pub fn link_hash(&self, link: u64) -> Result<Option<[u8; 32]>, Error> {
        let Ok(number) = i64::try_from(link) else { return Ok(None) };
        self.connection
            .query_row("SELECT hash FROM link WHERE link = ?1", [number], |row| row.get(0))
            .optional()
            .step("read a link of the chain")
    }

    /// Bytes on disk: the file and its write-ahead log.
    pub fn bytes(&self) -> u64 {
        size(&self.path) + size(&beside(&self.path, "-wal"))
    }
}
