//! The one writer.
//!
//! Every change goes through [`Ledger::write`]: one transaction, with the writer's knowledge of the ledger (its
//! [`State`]) changed in step. When anything fails, the transaction is rolled back and that knowledge is dropped, to
//! be read again before the next change: so nothing is half written, on the disk or in memory, and the ledger stays
//! usable. `docs/design/ledger.md` §9.

mod append;
mod dictionary;
mod encode;
mod feeds;
mod input;
mod open;
mod rows;
mod transparency;

use crate::block::Compressor;
pub(crate) use feeds::reconciled as load_reconciled;

use crate::coverage::{Coverage, Interval};
use crate::digest;
use crate::error::{Error, Step};
use crate::files::{HeadFile, NotedHead, WriterLock};
use crate::identifiers::Identifiers;
use crate::record::{Record, RecordPacker};
use crate::store::{Blocks, Head, instant, microseconds};
use crate::{Appended, Failure, FeedId, PageCommit, Reader};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a closing writer waits for a reader in the middle of something.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// How to open a ledger for writing.
#[derive(Clone, Debug)]
pub struct Options {
    /// The writer's epoch; `None` keeps the ledger's own (a new one begins with 1). A lower one than the ledger's is
    /// refused, a higher one is recorded in the chain.
    pub epoch: Option<u64>,
    /// zstd level of the activities. Level 1 is within 4 % of level 3 at 1.5 times its speed.
    pub compression_level: i32,
    /// How many threads hash and compress a large page. More than two gain nothing: the rest of an append is serial.
    pub threads: usize,
    /// Identity of a ledger that is created; `None` draws one.
    pub identity: Option<[u8; 16]>,
    /// Whether an append is on the disk when it returns. `false` is for a simulation, which outlives its every writer: appends
    /// are as whole as ever, and a loss of power is not survived.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(2));
        Self { epoch: None, compression_level: 1, threads, identity: None, durable: true }
    }
}

/// What a writer found missing when it opened: the head file knows a later head than the ledger has. The ledger was
/// cut, or an older copy was put back. Its coverage is that of the older state, so the lost time is asked for again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LostTail {
    /// The last link known to have been there.
    pub link: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The last link that is still there.
    pub found_link: u64,
}

/// The one writer of a ledger.
#[derive(Debug)]
pub struct Ledger {
    // Dropped in this order: the connection is closed before the lock is released.
    connection: Connection,
    path: PathBuf,
    state: Option<State>,
    blocks: Blocks,
    packer: RecordPacker,
    compressors: Vec<Compressor>,
    options: Options,
    head_file: HeadFile,
    lost_tail: Option<LostTail>,
    _lock: WriterLock,
}

impl Drop for Ledger {
    /// Moves the log into the file, so that a copy of the file alone is the whole ledger. Closing does so only when no reader is open; and
    /// where it cannot be done, the log keeps what it holds.
    fn drop(&mut self) {
        let _ = self.connection.busy_timeout(LAST_WAIT);
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// What the writer knows of the ledger without asking it.
#[derive(Debug)]
struct State {
    head: Head,
    identifiers: Identifiers,
    feeds: BTreeMap<i64, FeedState>,
    dictionary: dictionary::Dictionary,
}

#[derive(Debug)]
struct FeedState {
    name: String,
    scope: i64,
    open_drain: Option<u64>,
    coverage: Coverage,
}

/// A change in progress: the transaction, and what it may use.
struct Work<'a> {
    connection: &'a Connection,
    state: &'a mut State,
    blocks: &'a mut Blocks,
    packer: &'a mut RecordPacker,
    compressors: &'a mut [Compressor],
    options: &'a Options,
}

impl Ledger {
    /// Opens the ledger at `path` for writing. Creates it, and its folder, when missing; migrates it when older.
    ///
    /// Fails with [`crate::ErrorKind::Locked`] while another writer holds it.
    pub fn open(path: &Path, options: Options) -> Result<Ledger, Error> {
        open::open(path, options)
    }

    /// Names a feed and its scope (the canonical text of base URL and filters). The same name is the same feed.
    ///
    /// With another scope than before the coverage starts afresh: what was covered is kept as history and no longer
    /// counts, and the planned start becomes the earliest time that was planned or covered. Back to a scope the feed
    /// had before, its coverage counts again.
    pub fn register_feed(&mut self, name: &str, scope: &str, now: Timestamp) -> Result<FeedId, Error> {
        input::text("feed name", name, input::TEXT_BYTES_MAX)?;
        input::text("scope", scope, input::SCOPE_BYTES_MAX)?;
        self.write("register a feed", |work| feeds::register(work, name, scope, now))
    }

    /// States since when the feed is meant to be complete. An earlier statement for the same scope stands.
    pub fn plan_start(&mut self, feed: FeedId, start: Timestamp) -> Result<(), Error> {
        self.write("set the planned start of a feed", |work| feeds::plan_start(work, feed, start))
    }

    /// Says why an interval is not covered; shown as the reason of a gap that overlaps it, until it is covered.
    pub fn note_gap(
        &mut self,
        feed: FeedId,
        interval: Interval,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        input::text("reason", reason, input::TEXT_BYTES_MAX)?;
        self.write("note the reason of a gap", |work| feeds::note_gap(work, feed, interval, reason, now))
    }

    /// Stores a page and what it proves: one transaction, on the disk before it returns. Rows the ledger already has
    /// are left out and counted.
    pub fn append(&mut self, commit: &PageCommit<'_>) -> Result<Appended, Error> {
        let page = input::Page::check(commit)?;
        self.write("append a page", |work| append::append(work, &page))
    }

    /// Keeps the last failure of a feed; the next append to it clears it.
    pub fn record_failure(&mut self, feed: FeedId, failure: &Failure) -> Result<(), Error> {
        input::failure(failure)?;
        self.write("record a failure", |work| feeds::record_failure(work, feed, failure))
    }

    /// Wants an interval of a feed to be fetched, beside what its planned start already asks for. Kept until it is covered, and as
    /// history afterwards. One that is wanted already is not kept twice.
    pub fn request_backfill(
        &mut self,
        feed: FeedId,
        interval: Interval,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write("request a backfill", |work| feeds::request_backfill(work, feed, interval, now))
    }

    /// Takes note of stretches of the current scope that were asked again at an age of `after`, or older.
    pub fn note_reconciled(&mut self, feed: FeedId, asked: &[(Duration, Interval)]) -> Result<(), Error> {
        self.write("note what was asked again", |work| feeds::note_reconciled(work, feed, asked))
    }

    /// Somebody wants a stretch to be asked again, whatever was asked of it.
    pub fn forget_reconciled(&mut self, feed: FeedId, interval: Interval) -> Result<(), Error> {
        self.write("have a stretch asked again", |work| feeds::forget_reconciled(work, feed, interval))
    }

    /// What of the feed's current scope was asked again at each age.
    pub fn reconciled(&self, feed: FeedId) -> Result<BTreeMap<Duration, Coverage>, Error> {
        let scope = match &self.state {
            Some(state) => state.feed(feed)?.scope,
            None => State::load(&self.connection, &self.options)?.feed(feed)?.scope,
        };
        feeds::reconciled(&self.connection, scope)
    }

    /// Keeps what the collector has to say of a feed under a topic, for `status`; the former text goes.
    pub fn report(&mut self, feed: FeedId, topic: &str, text: &str, now: Timestamp) -> Result<(), Error> {
        input::text("topic", topic, input::TEXT_BYTES_MAX)?;
        input::text("report", text, input::REPORT_BYTES_MAX)?;
        self.write("keep a report", |work| {
            work.state.feed(feed)?;
            work.execute(
                "INSERT INTO report (feed, topic, text, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (feed, topic) DO UPDATE SET text = excluded.text, at = excluded.at",
                params![feed.0, topic, text, microseconds(now)],
            )
        })
    }

    /// Moves a reader's cursor, forward or back.
    pub fn set_cursor(&mut self, reader: &str, sequence: u64) -> Result<(), Error> {
        input::text("reader", reader, input::TEXT_BYTES_MAX)?;
        let sequence =
            i64::try_from(sequence).map_err(|_| Error::invalid("move a cursor", "it is out of range"))?;
        self.write("move a cursor", |work| {
            work.execute(
                "INSERT INTO cursor (reader, sequence) VALUES (?1, ?2)
                 ON CONFLICT (reader) DO UPDATE SET sequence = excluded.sequence",
                params![reader, sequence],
            )
        })
    }

    /// What the feed has drained in its current scope.
    pub fn coverage(&self, feed: FeedId) -> Result<Coverage, Error> {
        if let Some(state) = &self.state {
            return state.feed(feed).map(|feed| feed.coverage.clone());
        }
        State::load(&self.connection, &self.options)?.feed(feed).map(|feed| feed.coverage.clone())
    }

    /// The epoch this writer writes in.
    pub fn epoch(&self) -> Result<u64, Error> {
        Head::load(&self.connection).map(|head| head.epoch)
    }

    /// What was missing when this writer opened the ledger.
    pub fn lost_tail(&self) -> Option<LostTail> {
        self.lost_tail
    }

    /// A reader of the same ledger.
    pub fn reader(&self) -> Result<Reader, Error> {
        Reader::open(&self.path)
    }

    /// Runs a change of tables that the chain knows nothing of as one transaction, and makes it durable.
    pub(crate) fn beside_the_chain<T>(
        &mut self,
        step: &str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.write(step, |work| change(work.connection).step(step))
    }

    /// Runs `change` as one transaction and makes it durable.
    fn write<T>(
        &mut self,
        step: &str,
        change: impl FnOnce(&mut Work<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => State::load(&self.connection, &self.options)?,
        };
        let result = self.write_with(step, &mut state, change);
        match &result {
            Ok(_) => self.state = Some(state),
            // A dictionary or block that was rolled back must not be remembered.
            Err(_) => self.blocks = Blocks::default(),
        }
        result
    }

    fn write_with<T>(
        &mut self,
        step: &str,
        state: &mut State,
        change: impl FnOnce(&mut Work<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = state.head;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).step(step)?;
        let mut work = Work {
            connection: &transaction,
            state,
            blocks: &mut self.blocks,
            packer: &mut self.packer,
            compressors: &mut self.compressors,
            options: &self.options,
        };
        let value = change(&mut work)?;
        if work.state.head != before {
            work.store_head()?;
        }
        transaction.commit().step(step)?;
        let Head { identity, link, hash, .. } = state.head;
        if link != before.link {
            self.head_file.note(&NotedHead { identity, link, hash });
        }
        Ok(value)
    }
}

impl Work<'_> {
    /// Runs a statement that is used again and again.
    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), Error> {
        let mut statement = self.connection.prepare_cached(sql).step("write to the ledger")?;
        statement.execute(parameters).map(drop).step("write to the ledger")
    }

    /// Adds a link that says `record`.
    fn add_link(&mut self, record: &Record) -> Result<(), Error> {
        let bytes = record.encode();
        let head = &mut self.state.head;
        let number = head.link + 1;
        let hash = digest::link(&head.hash, number, head.epoch, &bytes);
        let (form, kept) = self.packer.pack(&bytes).step("compress a record")?;
        head.link = number;
        head.hash = hash;
        let epoch = head.epoch;
        self.execute(
            "INSERT INTO link (link, epoch, form, record, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![number, epoch, form, kept, hash],
        )
    }

    fn store_head(&self) -> Result<(), Error> {
        let head = &self.state.head;
        self.execute(
            "UPDATE head SET epoch = ?1, link = ?2, hash = ?3, page = ?4, sequence = ?5",
            params![head.epoch, head.link, head.hash, head.page, head.sequence],
        )
    }
}

impl State {
    fn load(connection: &Connection, options: &Options) -> Result<Self, Error> {
        const STEP: &str = "read the feeds of the ledger";
        let mut feeds = BTreeMap::new();
        let mut statement =
            connection.prepare_cached("SELECT feed, name, scope, open_drain FROM feed").step(STEP)?;
        let rows = statement.query_map([], |row| {
            let feed = FeedState {
                name: row.get(1)?,
                scope: row.get(2)?,
                open_drain: row.get(3)?,
                coverage: Coverage::new(),
            };
            Ok((row.get::<_, i64>(0)?, feed))
        });
        for row in rows.step(STEP)? {
            let (number, mut feed) = row.step(STEP)?;
            feed.coverage = load_coverage(connection, feed.scope)?;
            feeds.insert(number, feed);
        }
        Ok(Self {
            head: Head::load(connection)?,
            identifiers: Identifiers::load(connection)?,
            feeds,
            dictionary: dictionary::Dictionary::load(connection, options.compression_level)?,
        })
    }

    fn feed(&self, feed: FeedId) -> Result<&FeedState, Error> {
        self.feeds.get(&feed.0).ok_or_else(|| unknown_feed(feed))
    }

    fn feed_mut(&mut self, feed: FeedId) -> Result<&mut FeedState, Error> {
        self.feeds.get_mut(&feed.0).ok_or_else(|| unknown_feed(feed))
    }
}

fn unknown_feed(feed: FeedId) -> Error {
    Error::invalid("use a feed", format!("feed {feed} is not registered in this ledger"))
}

/// The coverage of a scope as the table holds it.
pub(crate) fn load_coverage(connection: &Connection, scope: i64) -> Result<Coverage, Error> {
    const STEP: &str = "read the coverage of a feed";
    let mut statement =
        connection.prepare_cached("SELECT gte, lt FROM coverage WHERE scope = ?1 ORDER BY gte").step(STEP)?;
    let rows = statement.query_map([scope], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    let mut coverage = Coverage::new();
    for row in rows.step(STEP)? {
        let (gte, lt) = row.step(STEP)?;
        let interval = Interval::new(instant(gte, STEP)?, instant(lt, STEP)?);
        coverage.insert(interval.ok_or_else(|| Error::damaged(STEP, "an interval is empty"))?);
    }
    Ok(coverage)
}

#[cfg(test)]
#[path = "writer/tests.rs"]
mod tests;
