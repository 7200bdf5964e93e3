//! An append: from a page of the feed to rows, index, link, coverage and counters. `docs/design/ledger.md` §9.

use super::Work;
use super::input::Page;
use super::rows::{Stored, store_rows};
use crate::block::Row;
use crate::digest::{self, CHECK_BYTES, Digest};
use crate::error::{Error, Step};
use crate::lag::LagHistogram;
use crate::record::{PageFields, Record};
use crate::store::{instant, microseconds};
use crate::{Appended, FeedId, Interval, LagPolicy};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

/// 40 bits are kept of a sequence.
const SEQUENCE_MAX: u64 = (1 << 40) - 1;

const STEP: &str = "append a page";

pub(super) fn append(work: &mut Work<'_>, page: &Page<'_>) -> Result<Appended, Error> {
    let number = work.state.head.page + 1;
    let drain = drain_of(work, page, number)?;
    let fingerprints: Vec<u64> =
        page.rows.iter().map(|row| digest::fingerprint(page.feed.0, row.id)).collect();
    let first_sequence = work.state.head.sequence + 1;
    if first_sequence + page.rows.len() as u64 > SEQUENCE_MAX {
        return Err(Error::invalid(STEP, "the ledger holds as many activities as it can"));
    }
    let Stored { new_positions, leaves } = store_rows(work, page, number, &fingerprints)?;
    let rows: Vec<Row<'_>> = new_positions.iter().map(|position| page.rows[*position as usize]).collect();
    let late = late(work, page, first_sequence, &rows)?;
    own_reads(work, page, first_sequence, &new_positions)?;
    let fields = PageFields {
        page: number,
        feed: page.feed.0,
        scope: work.state.feed(page.feed)?.scope,
        drain,
        first_sequence,
        inserted: rows.len() as u32,
        duplicates: (page.rows.len() - rows.len()) as u32,
        late,
        activities: digest::root(leaves.clone()),
        requested_at: microseconds(page.provenance.requested_at),
        responded_at: microseconds(page.provenance.responded_at),
        status: page.provenance.status,
        attempts: page.provenance.attempts,
        body_bytes: page.provenance.body_bytes,
        body_sha256: page.provenance.body_sha256,
        url: page.provenance.url.to_owned(),
        parameters: page.provenance.parameters.to_owned(),
        request_id: page.provenance.request_id.map(str::to_owned),
        drained: page.drained,
    };
    store_page(work, &fields, &leaves)?;
    close_drain(work, page.feed, &fields)?;
    count(work, page, &fields, &rows)?;
    work.state.head.page = number;
    work.state.head.sequence += rows.len() as u64;
    Ok(Appended {
        page: number,
        drain,
        first_sequence: if rows.is_empty() { 0 } else { first_sequence },
        inserted: fields.inserted,
        duplicates: fields.duplicates,
        late,
        new_positions,
    })
}

/// The drain a page belongs to: a new one, the one it names, or the one started last.
fn drain_of(work: &mut Work<'_>, page: &Page<'_>, number: u64) -> Result<u64, Error> {
    let feed = work.state.feed_mut(page.feed)?;
    if page.drain_started {
        feed.open_drain = Some(number);
        return Ok(number);
    }
    let drain = page.drain.or(feed.open_drain);
    let drain =
        drain.ok_or_else(|| Error::invalid(STEP, "it continues a drain, and its feed has none open"))?;
    if feed.open_drain == Some(drain) {
        return Ok(drain);
    }
    let scope = feed.scope;
    let open: Option<bool> = work
        .connection
        .prepare_cached(
            "SELECT feed = ?2 AND scope = ?3 AND drain = page AND NOT EXISTS (SELECT 1 FROM drain WHERE drain = ?1)
             FROM page WHERE page = ?1",
        )
        .and_then(|mut statement| {
            statement.query_row(params![drain, page.feed.0, scope], |row| row.get(0)).optional()
        })
        .step(STEP)?;
    if open == Some(true) {
        return Ok(drain);
    }
    Err(Error::invalid(
        STEP,
        format!("it continues drain {drain}, which is not an open drain of its feed and scope"),
    ))
}

/// Keeps, and counts, the rows that happened in time that counted as covered.
fn late(work: &Work<'_>, page: &Page<'_>, first_sequence: u64, rows: &[Row<'_>]) -> Result<u32, Error> {
    let coverage = &work.state.feed(page.feed)?.coverage;
    let first_seen = microseconds(page.provenance.responded_at);
    let mut late = 0;
    for (sequence, row) in (first_sequence..).zip(rows) {
        if coverage.contains(instant(row.created_at, STEP)?) {
            late += 1;
            work.execute(
                "INSERT INTO late_arrival (sequence, feed, created_at, first_seen) VALUES (?1, ?2, ?3, ?4)",
                params![sequence, page.feed.0, row.created_at, first_seen],
            )?;
        }
    }
    Ok(late)
}

/// Keeps which of the new rows tell of our own requests.
fn own_reads(
    work: &Work<'_>,
    page: &Page<'_>,
    first_sequence: u64,
    new_positions: &[u32],
) -> Result<(), Error> {
    for read in page.own_reads {
        let Ok(index) = new_positions.binary_search(&read.position) else { continue };
        let lag_ms = i64::try_from(read.lag.as_millis()).unwrap_or(i64::MAX);
        work.execute(
            "INSERT INTO own_read (sequence, feed, lag_ms, first_seen) VALUES (?1, ?2, ?3, ?4)",
            params![
                first_sequence + index as u64,
                page.feed.0,
                lag_ms,
                microseconds(page.provenance.responded_at)
            ],
        )?;
    }
    Ok(())
}

/// Stores the page and its link.
fn store_page(work: &mut Work<'_>, fields: &PageFields, leaves: &[Digest]) -> Result<(), Error> {
    work.add_link(&Record::Page(Box::new(fields.clone())))?;
    let checks: Vec<u8> = leaves.iter().flat_map(|leaf| &leaf[..CHECK_BYTES]).copied().collect();
    work.execute(
        "INSERT INTO page (page, link, feed, scope, drain, first_sequence, inserted, responded_at, checks)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            fields.page,
            work.state.head.link,
            fields.feed,
            fields.scope,
            fields.drain,
            fields.first_sequence,
            fields.inserted,
            fields.responded_at,
            checks
        ],
    )
}

/// When the page ends a drain: the evidence, and the coverage it proves.
fn close_drain(work: &mut Work<'_>, feed: FeedId, fields: &PageFields) -> Result<(), Error> {
    let Some((gte, lt)) = fields.drained else { return Ok(()) };
    work.execute(
        "INSERT INTO drain (drain, scope, last_page, gte, lt) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![fields.drain, fields.scope, fields.page, gte, lt],
    )?;
    let interval = Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? };
    let state = work.state.feed_mut(feed)?;
    if state.open_drain == Some(fields.drain) {
        state.open_drain = None;
    }
    let joined = state.coverage.insert(interval);
    let (gte, lt) = (microseconds(joined.gte), microseconds(joined.lt));
    work.execute(
        "DELETE FROM coverage WHERE scope = ?1 AND gte >= ?2 AND lt <= ?3",
        params![fields.scope, gte, lt],
    )?;
    let parameters = params![fields.scope, gte, lt];
    work.execute("INSERT INTO coverage (scope, gte, lt) VALUES (?1, ?2, ?3)", parameters)?;
    work.execute("DELETE FROM gap_note WHERE scope = ?1 AND gte >= ?2 AND lt <= ?3", parameters)?;
    work.execute(
        "UPDATE backfill SET finished_at = ?4
         WHERE feed = ?1 AND finished_at IS NULL AND gte >= ?2 AND lt <= ?3",
        params![feed.0, gte, lt, fields.responded_at],
    )
}

/// Counters of the feed: activities, late arrivals, lag, last poll.
fn count(work: &mut Work<'_>, page: &Page<'_>, fields: &PageFields, rows: &[Row<'_>]) -> Result<(), Error> {
    let open_drain = work.state.feed(page.feed)?.open_drain;
    work.execute(
        "UPDATE feed SET activities = activities + ?2, late_arrivals = late_arrivals + ?3, open_drain = ?4,
         last_poll = max(coalesce(last_poll, ?5), ?5), failure_at = NULL, failure_kind = NULL, failure_message = NULL,
         failure_hint = NULL, failure_request_id = NULL WHERE feed = ?1",
        params![fields.feed, fields.inserted, fields.late, open_drain, fields.responded_at],
    )?;
    if page.lag == LagPolicy::Skip {
        return Ok(());
    }
    let mut lag = LagHistogram::new();
    let first_seen: Timestamp = page.provenance.responded_at;
    for row in rows {
        lag.record(instant(row.created_at, STEP)?, first_seen);
    }
    for (bucket, count) in lag.buckets() {
        work.execute(
            "INSERT INTO lag (feed, bucket, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (feed, bucket) DO UPDATE SET count = count + excluded.count",
            params![fields.feed, bucket, count],
        )?;
    }
    Ok(())
}
