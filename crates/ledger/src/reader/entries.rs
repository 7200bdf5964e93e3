//! Activities in ledger order: a narrow table says which blocks can hold what is asked for, and only those are read.

use super::{Cache, Entry, EntryFilter, Reader};
use crate::FeedId;
use crate::block::Row;
use crate::digest;
use crate::error::{Error, Step};
use crate::identifiers;
use crate::store::{BlockHead, instant, microseconds};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::ops::ControlFlow;

/// What a scan does with each row: its sequence, its block, itself, and when its page was received.
type Visit<'a> = dyn FnMut(u64, &BlockHead, Row<'_>, Timestamp) -> Result<ControlFlow<()>, Error> + 'a;

const STEP: &str = "read activities";

/// Entries reserved for at once; a caller may ask for "all" with a huge limit.
const RESERVE_MAX: usize = 4_096;

impl Reader {
    /// Up to `limit` entries with a sequence above `after_sequence`, in sequence order. To stream, call again with the
    /// last sequence returned; a block cut by the limit is not decompressed again.
    pub fn entries(
        &self,
        after_sequence: u64,
        limit: usize,
        filter: &EntryFilter,
    ) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::with_capacity(limit.min(RESERVE_MAX));
        if limit == 0 {
            return Ok(entries);
        }
        self.scan(after_sequence, filter, &mut |sequence, block, row, first_seen| {
            entries.push(entry(sequence, block, row, first_seen)?);
            Ok(if entries.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        self.mark_own_reads(&mut entries)?;
        Ok(entries)
    }

    /// Marks the entries that tell of requests of our own: one look at a narrow table for all of them.
    fn mark_own_reads(&self, entries: &mut [Entry]) -> Result<(), Error> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT sequence FROM own_read WHERE sequence BETWEEN ?1 AND ?2 ORDER BY sequence",
            )
            .step(STEP)?;
        let rows = statement.query_map([first.sequence, last.sequence], |row| row.get::<_, u64>(0));
        let mut own = rows.step(STEP)?.collect::<Result<Vec<_>, _>>().step(STEP)?.into_iter().peekable();
        for entry in entries {
            while own.next_if(|sequence| *sequence < entry.sequence).is_some() {}
            entry.own_read = own.next_if_eq(&entry.sequence).is_some();
        }
        Ok(())
    }

    /// The entry of an activity id, if the ledger has it.
    pub fn find(&self, feed: FeedId, id: &str) -> Result<Option<Entry>, Error> {
        let snapshot = self.connection.unchecked_transaction().step(STEP)?;
        let cache = &mut *self.cache.borrow_mut();
        for sequence in identifiers::find_one(&snapshot, digest::fingerprint(feed.get(), id))? {
            let block = BlockHead::at_or_before(&snapshot, sequence)?.filter(|block| sequence < block.end());
            let Some(block) = block else { continue };
            let first_seen = cache.first_seen(&snapshot, block.page)?;
            let row = cache.blocks.load(&snapshot, &block)?.row((sequence - block.first_sequence) as usize);
            let row = row.step(STEP)?;
            if block.feed == feed.get() && row.id == id {
                let mut found = [entry(sequence, &block, row, first_seen)?];
                self.mark_own_reads(&mut found)?;
                return Ok(Some(found).map(|[entry]| entry));
            }
        }
        Ok(None)
    }

    /// The last and the first activity of each of the newest `pages` pages that brought any to a scope of the feed, newest page first;
    /// of pages received before `seen_before`, when that is given.
    pub fn newest_of_scope(
        &self,
        feed: FeedId,
        scope: &str,
        pages: u32,
        seen_before: Option<Timestamp>,
    ) -> Result<Vec<Entry>, Error> {
        let seen_before = seen_before.map_or(i64::MAX, microseconds);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT first_sequence, inserted FROM page
                 WHERE feed = ?1 AND scope = (SELECT scope FROM scope WHERE feed = ?1 AND text = ?2) AND inserted > 0
                 AND responded_at < ?4 ORDER BY page DESC LIMIT ?3",
            )
            .step(STEP)?;
        let rows = statement.query_map(params![feed.get(), scope, pages, seen_before], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
        });
        let places = rows.step(STEP)?.collect::<Result<Vec<_>, _>>().step(STEP)?;
        let mut entries = Vec::new();
        for (first, inserted) in places {
            entries.extend(self.entries(first + inserted - 2, 1, &EntryFilter::default())?);
            if inserted > 1 {
                entries.extend(self.entries(first - 1, 1, &EntryFilter::default())?);
            }
        }
        Ok(entries)
    }

    /// The scope under which an activity came; `None` when there is no such activity.
    pub fn scope_of(&self, sequence: u64) -> Result<Option<String>, Error> {
        let found = self.connection.query_row(
            "SELECT scope.text FROM page JOIN scope ON scope.scope = page.scope
             WHERE page.page = (SELECT page FROM block WHERE first_sequence <= ?1 ORDER BY first_sequence DESC LIMIT 1)
             AND ?1 < page.first_sequence + page.inserted",
            [sequence],
            |row| row.get(0),
        );
        found.optional().step(STEP)
    }

    /// Visits the rows that pass the filter, in sequence order, in one snapshot.
    fn scan(&self, after_sequence: u64, filter: &EntryFilter, visit: &mut Visit<'_>) -> Result<(), Error> {
        let snapshot = self.connection.unchecked_transaction().step(STEP)?;
        let cache = &mut *self.cache.borrow_mut();
        let first = after_sequence.saturating_add(1).min(i64::MAX as u64);
        let start = BlockHead::at_or_before(&snapshot, first)?.map_or(first, |block| block.first_sequence);
        // Times are kept rounded down: a bound between two microseconds stands for the one above it.
        let bound = |time: Option<Timestamp>| time.map(round_up);
        let (from, to) = (bound(filter.from), bound(filter.to));
        let sql = format!(
            "SELECT {} FROM block WHERE first_sequence >= ?1 AND (?2 IS NULL OR feed = ?2)
             AND (?3 IS NULL OR created_to >= ?3) AND (?4 IS NULL OR created_from < ?4) AND first_sequence <= ?5
             ORDER BY first_sequence",
            BlockHead::COLUMNS
        );
        let mut statement = snapshot.prepare_cached(&sql).step(STEP)?;
        let up_to = filter.up_to.unwrap_or(u64::MAX).min(i64::MAX as u64);
        let parameters = params![start, filter.feed.map(FeedId::get), from, to, up_to];
        for head in statement.query_map(parameters, BlockHead::from_row).step(STEP)? {
            let head = head.step(STEP)?;
            if head.end() <= first {
                continue;
            }
            let first_seen = cache.first_seen(&snapshot, head.page)?;
            let block = cache.blocks.load(&snapshot, &head)?;
            let end = up_to.saturating_add(1).min(head.end()) - head.first_sequence;
            for index in first.saturating_sub(head.first_sequence) as usize..block.len().min(end as usize) {
                let created_at = block.created_at(index);
                if from.is_some_and(|from| created_at < from) || to.is_some_and(|to| created_at >= to) {
                    continue;
                }
                let row = block.row(index).step(STEP)?;
                if visit(head.first_sequence + index as u64, &head, row, first_seen)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Cache {
    /// When a page was received.
    fn first_seen(&mut self, connection: &Connection, page: u64) -> Result<Timestamp, Error> {
        if let Some((known, time)) = self.first_seen.filter(|(known, _)| *known == page) {
            debug_assert_eq!(known, page);
            return Ok(time);
        }
        let time: Option<i64> = connection
            .prepare_cached("SELECT responded_at FROM page WHERE page = ?1")
            .and_then(|mut statement| statement.query_row([page], |row| row.get(0)).optional())
            .step(STEP)?;
        let time = time.ok_or_else(|| Error::damaged(STEP, format!("page {page} is not there")))?;
        let time = instant(time, STEP)?;
        self.first_seen = Some((page, time));
        Ok(time)
    }
}

fn round_up(time: Timestamp) -> i64 {
    let down = microseconds(time);
    if time.subsec_nanosecond() % 1_000 == 0 { down } else { down.saturating_add(1) }
}

fn entry(sequence: u64, block: &BlockHead, row: Row<'_>, first_seen: Timestamp) -> Result<Entry, Error> {
    Ok(Entry {
        sequence,
        feed: FeedId(block.feed),
        id: row.id.to_owned(),
        created_at: instant(row.created_at, STEP)?,
        first_seen,
        page: block.page,
        own_read: false,
        raw: row.raw.to_vec(),
    })
}
