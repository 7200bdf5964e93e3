//! What the console's Trail screen shows of a feed beyond `status`: how late activities come, which came last, and how far
//! what is covered was asked for again.

use std::time::Duration;

use collector::Pass;
use jiff::Timestamp;
use ledger::{Coverage, EntryFilter, FeedStatus, LateArrival, Reader};
use serde_json::{Value, json};

use crate::{
    config::{FeedSettings, Settings},
    error::Result,
    last_verify::LastVerify,
};

/// Late arrivals that are told.
const LATE_TOLD: u64 = 50;

/// Upper ends of the lag's buckets in seconds: such as a person would choose.
const LAG_BOUNDS: [u64; 20] = [
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800,
    345_600, 604_800,
];

/// The figures of every feed, and the last verification.
pub(crate) fn report(settings: &Settings, reader: &Reader, now: Timestamp) -> Result<Value> {
    let feeds = reader.feeds()?;
    let told = feeds.iter().map(|feed| feed_report(settings, reader, feed, now));
    Ok(json!({
        "feeds": told.collect::<Result<Vec<_>>>()?,
        "last_verify": LastVerify::read(settings),
    }))
}

fn feed_report(settings: &Settings, reader: &Reader, feed: &FeedStatus, now: Timestamp) -> Result<Value> {
    let configured = settings.feeds.iter().find(|configured| configured.name == feed.name);
    let lag = reader.lag(feed.id)?;
    let seconds = |quantile: f64| lag.quantile(quantile).map(|lag| lag.as_secs_f64());
    let late = reader.late_arrivals(feed.id, LATE_TOLD)?;
    Ok(json!({
        "name": feed.name,
        "lag": {
            "count": lag.count(),
            "p50": seconds(0.5),
            "p90": seconds(0.9),
            "p99": seconds(0.99),
            "max": seconds(1.0),
            "buckets": lag_buckets(lag.counts()),
        },
        "late_arrivals": late.iter().map(|late| late_arrival(reader, late)).collect::<Result<Vec<_>>>()?,
        "reconciliation": reconciliation(reader, feed, configured, now)?,
        "key": configured.map(|feed| json!({ "source": feed.api_key.to_string() })),
    }))
}

/// Counts in buckets with round ends, from the first that is not empty to the last; the last of all has no end.
fn lag_buckets(counts: impl Iterator<Item = (Duration, u64)>) -> Vec<Value> {
    let mut buckets = [0_u64; LAG_BOUNDS.len() + 1];
    for (lag, count) in counts {
        buckets[LAG_BOUNDS.partition_point(|bound| lag.as_millis() > u128::from(*bound) * 1_000)] += count;
    }
    let filled = |place: &usize| buckets[*place] > 0;
    let (first, last) = ((0..buckets.len()).find(filled), (0..buckets.len()).rfind(filled));
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let bucket = |place: usize| {
        let from = place.checked_sub(1).map_or(0, |before| LAG_BOUNDS[before]);
        json!({ "from_seconds": from, "to_seconds": LAG_BOUNDS.get(place), "count": buckets[place] })
    };
    (first..=last).map(bucket).collect()
}

fn late_arrival(reader: &Reader, late: &LateArrival) -> Result<Value> {
    let entry = reader.entries(late.sequence.saturating_sub(1), 1, &EntryFilter::default())?.pop();
    Ok(json!({
        "id": entry.as_ref().map(|entry| &entry.id),
        "sequence": late.sequence,
        "created_at": late.created_at,
        "first_seen": late.first_seen,
        "lag_seconds": late.lag().as_secs_f64(),
        "sentence": entry.map(|entry| normalize::sentence(&entry.raw)),
    }))
}

/// Each pass; of a feed that is no longer configured, those that the ledger remembers.
fn reconciliation(
    reader: &Reader,
    feed: &FeedStatus,
    configured: Option<&FeedSettings>,
    now: Timestamp,
) -> Result<Vec<Value>> {
    let asked = reader.reconciled(feed.id)?;
    let ages =
        configured.map_or_else(|| asked.keys().copied().collect(), |feed| feed.reconcile_after.clone());
    let coverage: Coverage = feed.coverage.iter().copied().collect();
    let told = |pass: Pass| {
        let length = |interval: &ledger::Interval| interval.lt.duration_since(interval.gte).as_secs_f64();
        json!({
            "after_seconds": pass.age.as_secs_f64(),
            "due_until": pass.due_until,
            "done_until": pass.left.earliest().unwrap_or(pass.due_until),
            "behind_seconds": pass.left.intervals().iter().map(length).sum::<f64>(),
        })
    };
    Ok(collector::passes(&ages, asked, &coverage, now).into_iter().map(told).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_fall_into_round_buckets() {
        let millis = Duration::from_millis;
        let counts = [(millis(900), 1), (millis(1_000), 2), (millis(1_001), 4), (millis(9_000), 8)];
        let told = lag_buckets(counts.into_iter());
        let expected = [(0, 1, 3), (1, 2, 4), (2, 5, 0), (5, 10, 8)]
            .map(|(from, to, count)| json!({ "from_seconds": from, "to_seconds": to, "count": count }));
        assert_eq!(told, expected);
        let endless = lag_buckets([(Duration::from_secs(999_999), 5)].into_iter());
        assert_eq!(endless, [json!({ "from_seconds": 604_800, "to_seconds": null, "count": 5 })]);
        assert!(lag_buckets(std::iter::empty()).is_empty());
    }
}
