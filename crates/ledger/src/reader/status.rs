//! The state of the feeds, as `status` shows it.

use super::Reader;
use crate::coverage::{Coverage, Interval};
use crate::error::{Error, Step};
use crate::lag::LagHistogram;
use crate::store::instant;
use crate::writer::load_coverage;
use crate::{Failure, FeedId, FeedStatus, Gap};
use jiff::Timestamp;
use rusqlite::{Connection, Row};

const STEP: &str = "read the state of the feeds";

/// Reasons of gaps that nobody has noted another reason for.
const NOT_DRAINED: &str = "not fetched to its end yet";
const SCOPE_CHANGED: &str =
    "the feed's organization, address or filters changed; not fetched with the new ones yet";

impl Reader {
    /// The state of every feed, in order of registration.
    pub fn feeds(&self) -> Result<Vec<FeedStatus>, Error> {
        let snapshot = self.connection.unchecked_transaction().step(STEP)?;
        let mut statement = snapshot
            .prepare_cached(
                "SELECT feed.feed, name, text, activities, late_arrivals, planned_start, last_poll, feed.scope,
                 failure_at, failure_kind, failure_message, failure_hint, failure_request_id,
                 (SELECT count(*) FROM scope AS any WHERE any.feed = feed.feed)
                 FROM feed JOIN scope ON scope.scope = feed.scope ORDER BY feed.feed",
            )
            .step(STEP)?;
        let mut rows = statement.query([]).step(STEP)?;
        let mut feeds = Vec::new();
        while let Some(row) = rows.next().step(STEP)? {
            feeds.push(feed_status(&snapshot, row)?);
        }
        Ok(feeds)
    }

    /// The indexing lag of a feed's first-seen live rows.
    pub fn lag(&self, feed: FeedId) -> Result<LagHistogram, Error> {
        lag(&self.connection, feed.get())
    }

    /// Every consumer's cursor, by name.
    pub fn cursors(&self) -> Result<Vec<(String, u64)>, Error> {
        const STEP: &str = "read the cursors";
        let mut statement = self
            .connection
            .prepare_cached("SELECT reader, sequence FROM cursor ORDER BY reader")
            .step(STEP)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).step(STEP)?;
        rows.collect::<Result<_, _>>().step(STEP)
    }
}

fn feed_status(snapshot: &Connection, row: &Row<'_>) -> Result<FeedStatus, Error> {
    let time = |index: usize| -> Result<Option<Timestamp>, Error> {
        let microseconds: Option<i64> = row.get(index).step(STEP)?;
        microseconds.map(|microseconds| instant(microseconds, STEP)).transpose()
    };
    let number: i64 = row.get(0).step(STEP)?;
    let scope: i64 = row.get(7).step(STEP)?;
    let scopes: i64 = row.get(13).step(STEP)?;
    let coverage = load_coverage(snapshot, scope)?;
    let planned_start = time(5)?;
    let lag = lag(snapshot, number)?;
    let last_error = match time(8)? {
        Some(at) => Some(Failure {
            at,
            kind: row.get(9).step(STEP)?,
            message: row.get(10).step(STEP)?,
            hint: row.get(11).step(STEP)?,
            request_id: row.get(12).step(STEP)?,
        }),
        None => None,
    };
    Ok(FeedStatus {
        id: FeedId(number),
        name: row.get(1).step(STEP)?,
        scope: row.get(2).step(STEP)?,
        activities: row.get(3).step(STEP)?,
        gaps: gaps(
            &coverage,
            &wanted(snapshot, number, planned_start, &coverage)?,
            scopes > 1,
            &gap_notes(snapshot, scope)?,
        ),
        coverage: coverage.intervals().to_vec(),
        planned_start,
        late_arrivals: row.get(4).step(STEP)?,
        lag_p50: lag.quantile(0.5),
        lag_p99: lag.quantile(0.99),
        last_poll: time(6)?,
        last_error,
    })
}

/// What is meant to be covered: from the planned start to the end of the coverage, and every stretch that was asked for.
fn wanted(
    snapshot: &Connection,
    feed: i64,
    planned_start: Option<Timestamp>,
    coverage: &Coverage,
) -> Result<Coverage, Error> {
    let mut wanted: Coverage =
        super::account::backfills(snapshot, feed)?.into_iter().map(|backfill| backfill.interval).collect();
    if let (Some(earliest), Some(latest)) = (coverage.earliest(), coverage.latest()) {
        // With a planned start, stretches from before it are there because they were asked for: what lies between was not.
        wanted.insert(Interval { gte: planned_start.unwrap_or(earliest), lt: latest });
    }
    Ok(wanted)
}

/// What is missing of what is meant to be covered.
fn gaps(
    coverage: &Coverage,
    wanted: &Coverage,
    scope_changed: bool,
    notes: &[(Interval, String)],
) -> Vec<Gap> {
    let earliest = coverage.earliest();
    let reason = |gap: &Interval| {
        let told = notes.iter().find(|(interval, _)| interval.intersect(gap).is_some());
        let before_all = Some(gap.lt) == earliest && scope_changed;
        let usual = || if before_all { SCOPE_CHANGED } else { NOT_DRAINED }.to_owned();
        told.map_or_else(usual, |(_, reason)| reason.clone())
    };
    let missing = wanted.subtract(coverage);
    missing.intervals().iter().map(|interval| Gap { interval: *interval, reason: reason(interval) }).collect()
}

/// Notes of a scope, newest first.
fn gap_notes(connection: &Connection, scope: i64) -> Result<Vec<(Interval, String)>, Error> {
    let mut statement = connection
        .prepare_cached("SELECT gte, lt, reason FROM gap_note WHERE scope = ?1 ORDER BY noted_at DESC, gte")
        .step(STEP)?;
    let rows = statement.query_map([scope], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let mut notes = Vec::new();
    for row in rows.step(STEP)? {
        let (gte, lt, reason) = row.step(STEP)?;
        notes.push((Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? }, reason));
    }
    Ok(notes)
}

fn lag(connection: &Connection, feed: i64) -> Result<LagHistogram, Error> {
    let mut statement =
        connection.prepare_cached("SELECT bucket, count FROM lag WHERE feed = ?1").step(STEP)?;
    let rows = statement.query_map([feed], |row| Ok((row.get(0)?, row.get(1)?))).step(STEP)?;
    let mut histogram = LagHistogram::new();
    for row in rows {
        let (bucket, count): (u32, u64) = row.step(STEP)?;
        histogram.add(bucket, count);
    }
    Ok(histogram)
}
