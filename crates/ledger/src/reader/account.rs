//! What is known of a feed beside its rows: late arrivals, own reads, wanted stretches, reports.

use super::Reader;
use crate::coverage::{Coverage, Interval};
use crate::error::{Error, Step};
use crate::store::{Head, instant};
use crate::writer::load_reconciled;
use crate::{Backfill, FeedId, LateArrival, OwnReads, Report};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;
use std::time::Duration;

/// Over how many of the newest own reads the lag is told.
const OWN_READS_LOOKED_AT: i64 = 1_000;

impl Reader {
    /// The newest late arrivals of a feed, newest first.
    pub fn late_arrivals(&self, feed: FeedId, limit: u64) -> Result<Vec<LateArrival>, Error> {
        const STEP: &str = "read the late arrivals of a feed";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT sequence, created_at, first_seen FROM late_arrival WHERE feed = ?1
                 ORDER BY sequence DESC LIMIT ?2",
            )
            .step(STEP)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![feed.get(), limit], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let mut late = Vec::new();
        for row in rows.step(STEP)? {
            let (sequence, created_at, first_seen) = row.step(STEP)?;
            let (created_at, first_seen) = (instant(created_at, STEP)?, instant(first_seen, STEP)?);
            late.push(LateArrival { sequence, created_at, first_seen });
        }
        Ok(late)
    }

    /// The lag that the share `quantile` (0 to 1) of a feed's late arrivals did not exceed.
    pub fn late_lag(&self, feed: FeedId, quantile: f64) -> Result<Option<Duration>, Error> {
        const STEP: &str = "read the lag of late arrivals";
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM late_arrival WHERE feed = ?1", [feed.get()], |row| row.get(0))
            .step(STEP)?;
        if count == 0 {
            return Ok(None);
        }
        let rank = ((quantile.clamp(0.0, 1.0) * count as f64).ceil() as i64 - 1).clamp(0, count - 1);
        let lag: i64 = self
            .connection
            .query_row(
                "SELECT first_seen - created_at AS lag FROM late_arrival WHERE feed = ?1
                 ORDER BY lag LIMIT 1 OFFSET ?2",
                params![feed.get(), rank],
                |row| row.get(0),
            )
            .step(STEP)?;
        Ok(Some(Duration::from_micros(u64::try_from(lag).unwrap_or(0))))
    }

    /// The feed's accounts of our own requests; `None` while there is none.
    pub fn own_reads(&self, feed: FeedId) -> Result<Option<OwnReads>, Error> {
        const STEP: &str = "read the accounts of our own requests";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT first_seen, lag_ms FROM own_read WHERE feed = ?1 ORDER BY sequence DESC LIMIT ?2",
            )
            .step(STEP)?;
        let rows = statement.query_map(params![feed.get(), OWN_READS_LOOKED_AT], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?))
        });
        let newest: Vec<(i64, u64)> = rows.step(STEP)?.collect::<Result<_, _>>().step(STEP)?;
        let Some((last_seen, _)) = newest.first() else { return Ok(None) };
        let count = self
            .connection
            .query_row("SELECT count(*) FROM own_read WHERE feed = ?1", [feed.get()], |row| row.get(0))
            .step(STEP)?;
        let mut lags: Vec<u64> = newest.iter().map(|(_, lag)| *lag).collect();
        lags.sort_unstable();
        let at = |share: usize| Duration::from_millis(lags[(lags.len() * share / 100).min(lags.len() - 1)]);
        let last_seen = instant(*last_seen, STEP)?;
        Ok(Some(OwnReads { count, last_seen, lag_p50: at(50), lag_p99: at(99) }))
    }

    /// The vendor's ids of the requests that brought the newest `limit` pages, and when they were answered, newest first.
    pub fn request_ids(&self, limit: u64) -> Result<Vec<(String, Timestamp)>, Error> {
        let last = Head::load(&self.connection)?.page;
        let mut ids = Vec::new();
        for number in (last.saturating_sub(limit) + 1..=last).rev() {
            let page = self.page(number)?;
            ids.extend(page.and_then(|page| Some((page.request_id?, page.responded_at))));
        }
        Ok(ids)
    }

    /// The stretches that were wanted of a feed, oldest wish first.
    pub fn backfills(&self, feed: FeedId) -> Result<Vec<Backfill>, Error> {
        backfills(&self.connection, feed.get())
    }

    /// What of the feed's current scope was asked again at each age.
    pub fn reconciled(&self, feed: FeedId) -> Result<BTreeMap<Duration, Coverage>, Error> {
        const STEP: &str = "read what was asked again";
        let scope: Option<i64> = self
            .connection
            .query_row("SELECT scope FROM feed WHERE feed = ?1", [feed.get()], |row| row.get(0))
            .optional()
            .step(STEP)?;
        scope.map_or_else(|| Ok(BTreeMap::new()), |scope| load_reconciled(&self.connection, scope))
    }

    /// What the collector last said of a feed, by topic.
    pub fn reports(&self, feed: FeedId) -> Result<Vec<Report>, Error> {
        const STEP: &str = "read the reports of a feed";
        let mut statement = self
            .connection
            .prepare_cached("SELECT topic, text, at FROM report WHERE feed = ?1 ORDER BY topic")
            .step(STEP)?;
        let rows = statement
            .query_map([feed.get()], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)))
            .step(STEP)?;
        let mut reports = Vec::new();
        for row in rows {
            let (topic, text, at) = row.step(STEP)?;
            reports.push(Report { topic, text, at: instant(at, STEP)? });
        }
        Ok(reports)
    }
}

pub(super) fn backfills(connection: &Connection, feed: i64) -> Result<Vec<Backfill>, Error> {
    const STEP: &str = "read the wanted stretches of a feed";
    let mut statement = connection
        .prepare_cached(
            "SELECT gte, lt, requested_at, finished_at FROM backfill WHERE feed = ?1 ORDER BY backfill",
        )
        .step(STEP)?;
    let rows = statement
        .query_map([feed], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?)))
        .step(STEP)?;
    let mut backfills = Vec::new();
    for row in rows {
        let (gte, lt, requested_at, finished_at) = row.step(STEP)?;
        let finished_at: Option<i64> = finished_at;
        backfills.push(Backfill {
            interval: Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? },
            requested_at: instant(requested_at, STEP)?,
            finished_at: finished_at.map(|at| instant(at, STEP)).transpose()?,
        });
    }
    Ok(backfills)
}
