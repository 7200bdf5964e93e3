//! What the tests share: a folder with a ledger, rows, and one call that appends a page.

pub(crate) mod rows;

use jiff::Timestamp;
use ledger::{
    Appended, Entry, EntryFilter, Error, FeedId, Interval, LagPolicy, Ledger, NewActivity, Options,
    PageCommit, Provenance, Reader,
};
use rows::Row;
use std::path::{Path, PathBuf};

/// A ledger in a folder of its own, gone when dropped.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        Self { folder, path }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(&self.path, options()).expect("the ledger opens")
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path).expect("the ledger opens for reading")
    }
}

/// The same identity every time, so that runs can be repeated.
pub(crate) fn options() -> Options {
    Options { identity: Some([7; 16]), ..Options::default() }
}

/// A second of the tests' own time.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + second).expect("in range")
}

pub(crate) fn interval(gte: i64, lt: i64) -> Interval {
    Interval { gte: at(gte), lt: at(lt) }
}

/// A short row of its own id and time.
pub(crate) fn row(id: &str, second: i64) -> Row {
    let raw = format!(r#"{{"id":"{id}","created_at":"{}","type":"claude_chat_viewed"}}"#, at(second));
    Row { id: id.to_owned(), created_at: at(second), raw: raw.into_bytes() }
}

/// A page to append.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) feed: FeedId,
    pub(crate) rows: Vec<Row>,
    pub(crate) received: Timestamp,
    pub(crate) drain_started: bool,
    pub(crate) drain: Option<u64>,
    pub(crate) drained: Option<Interval>,
    pub(crate) lag: LagPolicy,
}

impl Page {
    /// The first page of a drain.
    pub(crate) fn of(feed: FeedId, rows: Vec<Row>) -> Self {
        let (drain, drained, lag) = (None, None, LagPolicy::Count);
        Self { feed, rows, received: at(1_000), drain_started: true, drain, drained, lag }
    }

    /// A further page of the feed's newest drain.
    pub(crate) fn continued(mut self) -> Self {
        self.drain_started = false;
        self
    }

    pub(crate) fn drained(mut self, gte: i64, lt: i64) -> Self {
        self.drained = Some(interval(gte, lt));
        self
    }

    pub(crate) fn append(&self, ledger: &mut Ledger) -> Result<Appended, Error> {
        let activities: Vec<NewActivity<'_>> = self.rows.iter().map(activity).collect();
        ledger.append(&PageCommit {
            feed: self.feed,
            provenance: provenance(self.received),
            activities: &activities,
            drained: self.drained,
            drain_started: self.drain_started,
            drain: self.drain,
            lag: self.lag,
            own_reads: &[],
        })
    }
}

pub(crate) fn activity(row: &Row) -> NewActivity<'_> {
    NewActivity { id: &row.id, created_at: row.created_at, raw: &row.raw }
}

pub(crate) fn provenance(received: Timestamp) -> Provenance<'static> {
    Provenance {
        url: "https://api.anthropic.com/v1/compliance/activities?created_at.gte=2025-11-24T16:00:00Z&order=asc",
        parameters: r#"{"created_at.gte":"2025-11-24T16:00:00Z","order":"asc"}"#,
        request_id: Some("req_011CUabcdefghijklmnopqrs"),
        requested_at: received - jiff::SignedDuration::from_millis(1_500),
        responded_at: received,
        status: 200,
        body_sha256: [9; 32],
        body_bytes: 123_456,
        attempts: 2,
    }
}

/// Everything, read in pieces of an odd size.
pub(crate) fn all(reader: &Reader) -> Vec<Entry> {
    read(reader, &EntryFilter::default(), 37).expect("the ledger can be read")
}

pub(crate) fn read(reader: &Reader, filter: &EntryFilter, limit: usize) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.sequence);
        let more = reader.entries(after, limit, filter)?;
        if more.is_empty() {
            return Ok(entries);
        }
        entries.extend(more);
    }
}

/// The chain holds; returns how many activities it speaks of.
pub(crate) fn check(reader: &Reader) -> u64 {
    let before = reader.chain_head().expect("a head");
    let report = reader.check_chain(&mut |_, _| {}).expect("the check runs");
    assert_eq!(report.difference, None);
    let written_meanwhile = before != reader.chain_head().expect("a head");
    assert!(report.head == before || written_meanwhile, "the head as recomputed is the head");
    report.activities
}
