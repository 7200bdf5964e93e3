//! How far behind the frontier every poll asks again, from how late rows have come. Pure: no clock, no storage.
//!
//! The overlap follows the tail of the lag (its 99.9th percentile) between a floor and a ceiling. A late row raises it at once,
//! because rows seldom come late alone; from there it sinks back by half every six hours. Lags beyond the ceiling do not count for
//! the percentile: no overlap would reach them, and reconciliation does.

use std::time::Duration;

use jiff::Timestamp;
use ledger::LagHistogram;

/// The share of rows that the overlap is meant to catch.
const SHARE: f64 = 0.999;

/// A late row's lag is allowed for with this much to spare, since the next may be a little later.
const SPARE: f64 = 1.25;

/// The time in which what a late row added sinks by half.
const HALF_LIFE: Duration = Duration::from_hours(6);

/// The overlap of one feed.
#[derive(Debug, Clone)]
pub(crate) struct Overlap {
    floor: Duration,
    ceiling: Duration,
    lags: LagHistogram,
    /// The highest late row's claim, and when it was made.
    raised: Option<(Timestamp, Duration)>,
}

impl Overlap {
    /// An overlap between `floor` and `ceiling` that has seen the rows of `lags`.
    pub(crate) fn new(floor: Duration, ceiling: Duration, lags: &LagHistogram) -> Self {
        let ceiling = ceiling.max(floor);
        Self { floor, ceiling, lags: lags.up_to(ceiling), raised: None }
    }

    /// Takes note of a row that was seen while the feed was followed.
    pub(crate) fn seen(&mut self, created_at: Timestamp, first_seen: Timestamp) {
        if first_seen.duration_since(created_at) <= as_signed(self.ceiling) {
            self.lags.record(created_at, first_seen);
        }
    }

    /// Takes note of a late row: the overlap rises at once.
    pub(crate) fn late(&mut self, created_at: Timestamp, first_seen: Timestamp) {
        let lag = Duration::try_from(first_seen.duration_since(created_at)).unwrap_or_default();
        let claim = lag.mul_f64(SPARE).min(self.ceiling);
        if self.raise_left(first_seen) < claim {
            self.raised = Some((first_seen, claim));
        }
    }

    /// The overlap at a moment.
    pub(crate) fn at(&self, now: Timestamp) -> Duration {
        let followed = self.lags.quantile(SHARE).unwrap_or_default();
        followed.max(self.raise_left(now)).clamp(self.floor, self.ceiling)
    }

    /// What is left of a late row's claim: all of it at first, half after each half-life.
    fn raise_left(&self, now: Timestamp) -> Duration {
        let Some((since, claim)) = self.raised else { return Duration::ZERO };
        let elapsed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        claim.mul_f64(0.5_f64.powf(elapsed.as_secs_f64() / HALF_LIFE.as_secs_f64()))
    }
}

fn as_signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn fresh() -> Overlap {
        Overlap::new(5 * MINUTE, 60 * MINUTE, &LagHistogram::new())
    }

    #[test]
    fn it_follows_the_tail_of_the_lag_between_floor_and_ceiling() {
        let mut overlap = fresh();
        assert_eq!(overlap.at(at(0)), 5 * MINUTE, "nothing seen: the floor");
        for _ in 0..5_000 {
            overlap.seen(at(0), at(2));
        }
        assert_eq!(overlap.at(at(0)), 5 * MINUTE, "two seconds of lag: the floor");
        for _ in 0..10 {
            overlap.seen(at(0), at(1_200));
        }
        let followed = overlap.at(at(0)).as_secs();
        assert!((1_200..1_280).contains(&followed), "two in a thousand come after 20 minutes: {followed} s");
        for _ in 0..100_000 {
            overlap.seen(at(0), at(2));
        }
        assert_eq!(overlap.at(at(0)), 5 * MINUTE, "one in ten thousand is not the tail");
        for _ in 0..100_000 {
            overlap.seen(at(0), at(200_000));
        }
        assert_eq!(overlap.at(at(0)), 5 * MINUTE, "what no overlap reaches is reconciliation's");
    }

    #[test]
    fn a_late_row_raises_it_at_once_and_it_sinks_slowly() {
        let mut overlap = fresh();
        overlap.late(at(0), at(1_600));
        let hours = |hours: i64| overlap.at(at(1_600 + hours * 3_600)).as_secs();
        assert_eq!([hours(0), hours(6), hours(12), hours(18)], [2_000, 1_000, 500, 300]);
        overlap.late(at(0), at(1_000_000));
        assert_eq!(overlap.at(at(1_000_000)), 60 * MINUTE, "never above the ceiling");
        overlap.late(at(1_000_000 - 400), at(1_000_000));
        assert_eq!(overlap.at(at(1_000_000)), 60 * MINUTE, "a lesser row does not lower it");
        assert_eq!(overlap.at(at(-5_000_000)), 60 * MINUTE, "nor does a clock set back");
    }

    #[test]
    fn a_ceiling_under_the_floor_is_the_floor() {
        let mut overlap = Overlap::new(5 * MINUTE, MINUTE, &LagHistogram::new());
        overlap.late(at(0), at(10_000));
        assert_eq!(overlap.at(at(10_000)), 5 * MINUTE);
    }
}
