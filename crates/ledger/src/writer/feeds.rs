//! Feeds and their scopes: who is asked, for what, since when, and what went wrong last.

use super::{FeedState, Work, input, load_coverage};
use crate::coverage::{Coverage, Interval};
use crate::error::{Error, Step};
use crate::record::Record;
use crate::store::{instant, microseconds};
use crate::{Failure, FeedId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;
use std::time::Duration;

const STEP: &str = "register a feed";

pub(super) fn register(work: &mut Work<'_>, name: &str, text: &str, now: Timestamp) -> Result<FeedId, Error> {
    let known = work
        .state
        .feeds
        .iter()
        .find(|(_, feed)| feed.name == name)
        .map(|(number, feed)| (*number, feed.scope));
    let feed =
        known.map_or_else(|| work.state.feeds.keys().max().map_or(1, |last| last + 1), |(feed, _)| feed);
    let scope = work
        .connection
        .prepare_cached("SELECT scope FROM scope WHERE feed = ?1 AND text = ?2")
        .and_then(|mut statement| {
            statement.query_row(params![feed, text], |row| row.get::<_, i64>(0)).optional()
        })
        .step(STEP)?;
    if known.is_some_and(|(_, current)| scope == Some(current)) {
        return Ok(FeedId(feed));
    }

    let at = microseconds(now);
    let planned_start = earliest(work, feed)?;
    let scope = match scope {
        Some(scope) => scope,
        None => add_scope(work, feed, text, at)?,
    };
    work.execute("UPDATE scope SET planned_start = ?2 WHERE scope = ?1", params![scope, planned_start])?;
    work.execute(
        "INSERT INTO feed (feed, name, scope, activities, late_arrivals) VALUES (?1, ?2, ?3, 0, 0)
         ON CONFLICT (feed) DO UPDATE SET scope = excluded.scope, open_drain = NULL",
        params![feed, name, scope],
    )?;
    let coverage = load_coverage(work.connection, scope)?;
    work.state.feeds.insert(feed, FeedState { name: name.to_owned(), scope, open_drain: None, coverage });
    work.add_link(&Record::Registration { at, feed, scope, name: name.to_owned(), text: text.to_owned() })?;
    Ok(FeedId(feed))
}

/// The earliest time that any scope of the feed planned or covered.
fn earliest(work: &Work<'_>, feed: i64) -> Result<Option<i64>, Error> {
    work.connection
        .prepare_cached(
            "SELECT min(time) FROM (
                SELECT planned_start AS time FROM scope WHERE feed = ?1
                UNION ALL
                SELECT gte FROM coverage JOIN scope USING (scope) WHERE feed = ?1
            )",
        )
        .and_then(|mut statement| statement.query_row([feed], |row| row.get(0)))
        .step(STEP)
}

fn add_scope(work: &Work<'_>, feed: i64, text: &str, at: i64) -> Result<i64, Error> {
    let scope: i64 = work
        .connection
        .query_row("SELECT coalesce(max(scope), 0) + 1 FROM scope", [], |row| row.get(0))
        .step(STEP)?;
    work.execute(
        "INSERT INTO scope (scope, feed, text, since) VALUES (?1, ?2, ?3, ?4)",
        params![scope, feed, text, at],
    )?;
    Ok(scope)
}

pub(super) fn plan_start(work: &mut Work<'_>, feed: FeedId, start: Timestamp) -> Result<(), Error> {
    let scope = work.state.feed(feed)?.scope;
    work.execute(
        "UPDATE scope SET planned_start = min(coalesce(planned_start, ?2), ?2) WHERE scope = ?1",
        params![scope, microseconds(start)],
    )
}

pub(super) fn note_gap(
    work: &mut Work<'_>,
    feed: FeedId,
    interval: Interval,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = work.state.feed(feed)?.scope;
    let (gte, lt) = input::whole(interval, "note the reason of a gap")?;
    work.execute(
        "INSERT INTO gap_note (scope, gte, lt, reason, noted_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (scope, gte, lt) DO UPDATE SET reason = excluded.reason, noted_at = excluded.noted_at",
        params![scope, gte, lt, reason, microseconds(now)],
    )
}

pub(super) fn record_failure(work: &mut Work<'_>, feed: FeedId, failure: &Failure) -> Result<(), Error> {
    work.state.feed(feed)?;
    let Failure { at, kind, message, hint, request_id } = failure;
    work.execute(
        "UPDATE feed SET failure_at = ?2, failure_kind = ?3, failure_message = ?4, failure_hint = ?5,
         failure_request_id = ?6 WHERE feed = ?1",
        params![feed.0, microseconds(*at), kind, message, hint, request_id],
    )
}

pub(super) fn request_backfill(
    work: &mut Work<'_>,
    feed: FeedId,
    interval: Interval,
    now: Timestamp,
) -> Result<(), Error> {
    let coverage = &work.state.feed(feed)?.coverage;
    let finished_at = coverage.covers(interval).then(|| microseconds(now));
    let (gte, lt) = input::whole(interval, "request a backfill")?;
    work.execute(
        "INSERT INTO backfill (feed, gte, lt, requested_at, finished_at) SELECT ?1, ?2, ?3, ?4, ?5
         WHERE NOT EXISTS (SELECT 1 FROM backfill WHERE feed = ?1 AND gte <= ?2 AND lt >= ?3)",
        params![feed.0, gte, lt, microseconds(now), finished_at],
    )
}

pub(super) fn note_reconciled(
    work: &mut Work<'_>,
    feed: FeedId,
    asked: &[(Duration, Interval)],
) -> Result<(), Error> {
    let scope = work.state.feed(feed)?.scope;
    let mut known = reconciled(work.connection, scope)?;
    for (after, interval) in asked {
        let joined = known.entry(*after).or_default().insert(*interval);
        let (after, gte, lt) = (age_microseconds(*after), microseconds(joined.gte), microseconds(joined.lt));
        work.execute(
            "DELETE FROM reconciled WHERE scope = ?1 AND after = ?2 AND gte >= ?3 AND lt <= ?4",
            params![scope, after, gte, lt],
        )?;
        work.execute(
            "INSERT INTO reconciled (scope, after, gte, lt) VALUES (?1, ?2, ?3, ?4)",
            params![scope, after, gte, lt],
        )?;
    }
    Ok(())
}

/// Whatever is known of a stretch being asked again is forgotten, so that it is due once more.
pub(super) fn forget_reconciled(work: &mut Work<'_>, feed: FeedId, interval: Interval) -> Result<(), Error> {
    let scope = work.state.feed(feed)?.scope;
    let known = reconciled(work.connection, scope)?;
    work.execute("DELETE FROM reconciled WHERE scope = ?1", params![scope])?;
    for (after, mut asked) in known {
        asked.remove(interval);
        let left: Vec<(Duration, Interval)> = asked.intervals().iter().map(|left| (after, *left)).collect();
        note_reconciled(work, feed, &left)?;
    }
    Ok(())
}

/// What of a scope was asked again, by age.
pub(crate) fn reconciled(connection: &Connection, scope: i64) -> Result<BTreeMap<Duration, Coverage>, Error> {
    const STEP: &str = "read what was asked again";
    let mut statement =
        connection.prepare_cached("SELECT after, gte, lt FROM reconciled WHERE scope = ?1").step(STEP)?;
    let rows = statement.query_map([scope], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let mut known: BTreeMap<Duration, Coverage> = BTreeMap::new();
    for row in rows.step(STEP)? {
        let (after, gte, lt): (u64, i64, i64) = row.step(STEP)?;
        let interval = Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? };
        known.entry(Duration::from_micros(after)).or_default().insert(interval);
    }
    Ok(known)
}

fn age_microseconds(age: Duration) -> i64 {
    i64::try_from(age.as_micros()).unwrap_or(i64::MAX)
}
