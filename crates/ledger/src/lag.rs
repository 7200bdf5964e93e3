//! The histogram of indexing lag: how long after it happened an activity was first seen.
//!
//! Buckets grow with the lag (sixteen per power of two of milliseconds), so that seconds and days are told apart with
//! the same relative error of one sixteenth, in a few hundred counters. `docs/design/ledger.md` §8.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts of lags by bucket.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct LagHistogram {
    counts: BTreeMap<u32, u64>,
}

impl LagHistogram {
    /// No lag seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many lags were counted.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The lag that the share `quantile` (0 to 1) of all rows did not exceed, at most 1/16 too high; `None` when
    /// nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let rank = ((quantile.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then(|| Duration::from_millis(upper_end(*bucket)))
        })
    }

    /// Counts one row.
    pub fn record(&mut self, created_at: Timestamp, first_seen: Timestamp) {
        let lag = first_seen.as_millisecond().saturating_sub(created_at.as_millisecond());
        self.add(bucket_of(u64::try_from(lag).unwrap_or(0)), 1);
    }

    /// The lags that are not above a bound, to within a bucket.
    #[must_use]
    pub fn up_to(&self, bound: Duration) -> Self {
        let last = bucket_of(u64::try_from(bound.as_millis()).unwrap_or(u64::MAX));
        Self { counts: self.counts.range(..=last).map(|(bucket, count)| (*bucket, *count)).collect() }
    }

    /// How many lags there are up to each upper end of a bucket and above the one before, in order; empty buckets are left out.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.counts.iter().map(|(bucket, count)| (Duration::from_millis(upper_end(*bucket)), *count))
    }

    pub(crate) fn add(&mut self, bucket: u32, count: u64) {
        let known = self.counts.entry(bucket).or_default();
        *known = known.saturating_add(count);
    }

    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u32, u64)> {
        self.counts.iter().map(|(bucket, count)| (*bucket, *count))
    }
}

/// 0 to 15 exactly, then sixteen buckets per power of two.
fn bucket_of(milliseconds: u64) -> u32 {
    if milliseconds < 16 {
        return milliseconds as u32;
    }
    let exponent = milliseconds.ilog2();
    let step = (milliseconds >> (exponent - 4)) & 15;
    16 * (exponent - 3) + step as u32
}

/// The largest number of milliseconds in the bucket; saturates for buckets that cannot occur.
fn upper_end(bucket: u32) -> u64 {
    if bucket < 16 {
        return u64::from(bucket);
    }
    let exponent = bucket / 16 + 3;
    let first = (16 + u128::from(bucket % 16)) << exponent.saturating_sub(4).min(100);
    let width = 1_u128 << exponent.saturating_sub(4).min(100);
    u64::try_from(first + width - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_counted_has_no_quantile() {
        assert_eq!(LagHistogram::new().quantile(0.5), None);
    }

    #[test]
    fn a_clock_that_runs_behind_counts_as_no_lag() {
        let mut histogram = LagHistogram::new();
        histogram.record(
            Timestamp::from_second(100).expect("in range"),
            Timestamp::from_second(90).expect("in range"),
        );
        assert_eq!(histogram.quantile(1.0), Some(Duration::ZERO));
    }

    #[test]
    fn counts_are_told_by_upper_end() {
        let mut histogram = LagHistogram::new();
        for milliseconds in [3, 3, 1_000, 60_000] {
            let seen = Timestamp::from_millisecond(milliseconds).expect("in range");
            histogram.record(Timestamp::UNIX_EPOCH, seen);
        }
        let counts: Vec<_> = histogram.counts().map(|(end, count)| (end.as_millis(), count)).collect();
        assert_eq!(counts, [(3, 2), (1_023, 1), (61_439, 1)]);
    }

    proptest! {
        #[test]
        fn buckets_partition_the_milliseconds(milliseconds in any::<u64>()) {
            let bucket = bucket_of(milliseconds);
            prop_assert!(milliseconds <= upper_end(bucket));
            prop_assert!(bucket == 0 || upper_end(bucket - 1) < milliseconds);
            prop_assert!(upper_end(bucket) - milliseconds <= milliseconds / 16, "at most a sixteenth too high");
        }

        #[test]
        fn quantiles_are_close_to_the_sorted_list(mut lags in prop::collection::vec(0_i64..10_000_000, 1..200), share in 0.0_f64..1.0) {
            let mut histogram = LagHistogram::new();
            for lag in &lags {
                histogram.record(Timestamp::UNIX_EPOCH, Timestamp::from_millisecond(*lag).expect("in range"));
            }
            lags.sort_unstable();
            let rank = ((share * lags.len() as f64).ceil() as usize).max(1);
            let exact = u128::try_from(lags[rank - 1]).expect("not negative");
            let told = histogram.quantile(share).expect("there are rows").as_millis();
            prop_assert!(exact <= told && told <= exact + exact / 16);
        }
    }
}
