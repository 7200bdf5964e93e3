//! How long after it happened a row can be fetched.
//!
//! The lag follows from the seed and the row's id alone, so every reader of every page agrees on it. Most rows take up
//! to the typical lag, evenly spread; a share takes longer, mostly little longer, up to the maximum; a share of its own
//! comes very late.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{SimulatorOptions, dice};

/// The distribution of lags.
#[derive(Debug, Clone)]
pub(crate) struct IndexingLag {
    seed: u64,
    typical: Duration,
    max: Duration,
    tail_share: f64,
    very_late_share: f64,
    very_late_min: Duration,
    very_late_max: Duration,
}

impl IndexingLag {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        Self {
            seed: options.seed ^ 0x1A6,
            typical: options.indexing_lag_typical.min(options.indexing_lag_max),
            max: options.indexing_lag_max,
            tail_share: options.indexing_lag_tail_share,
            very_late_share: options.very_late_share,
            very_late_min: options.very_late_min.max(options.indexing_lag_max),
            very_late_max: options.very_late_max.max(options.very_late_min).max(options.indexing_lag_max),
        }
    }

    /// The lag of the row with this id.
    pub(crate) fn of(&self, id: &str) -> Duration {
        let roll = dice::roll_name(self.seed, id);
        let class = dice::share(roll);
        let place = dice::share(dice::roll(self.seed, roll));
        if class < self.very_late_share {
            let spread = self.very_late_max.saturating_sub(self.very_late_min);
            return self.very_late_min + spread.mul_f64(place * place);
        }
        if class < self.very_late_share + self.tail_share {
            return self.typical + self.max.saturating_sub(self.typical).mul_f64(place * place * place);
        }
        self.typical.mul_f64(place)
    }

    /// Whether a lag is beyond that of every ordinary row.
    pub(crate) fn is_late(&self, lag: SignedDuration) -> bool {
        SignedDuration::try_from(self.max).is_ok_and(|max| lag > max)
    }

    /// No row is later than this, stories aside.
    pub(crate) fn longest(&self) -> Duration {
        if self.very_late_share > 0.0 { self.very_late_max } else { self.max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rows;

    fn lags(change: impl FnOnce(&mut SimulatorOptions)) -> Vec<Duration> {
        let mut options = SimulatorOptions::new(Rows::new(Vec::new(), Vec::new()), "key");
        change(&mut options);
        let lag = IndexingLag::new(&options);
        (0..20_000).map(|number| lag.of(&format!("activity_{number}"))).collect()
    }

    #[test]
    fn typical_tail_and_very_late_rows_come_in_their_shares() {
        let lags = lags(|options| {
            options.indexing_lag_max = Duration::from_secs(30);
            options.very_late_share = 0.01;
        });
        let share_of = |from: f64, to: f64| {
            let inside = lags.iter().filter(|lag| (from..to).contains(&lag.as_secs_f64())).count();
            inside as f64 / lags.len() as f64
        };
        assert!((share_of(0.0, 1.0) - 0.94).abs() < 0.01);
        assert!((share_of(1.0, 30.0) - 0.05).abs() < 0.01);
        assert!((share_of(30.0, 21_600.0) - 0.01).abs() < 0.005);
        assert!(lags.iter().any(|lag| *lag > Duration::from_hours(5)));
    }

    #[test]
    fn very_late_rows_may_be_far_from_the_others() {
        let lags = lags(|options| {
            options.very_late_share = 0.5;
            options.very_late_min = Duration::from_secs(10);
            options.very_late_max = Duration::from_secs(20);
        });
        let between = |from, to| lags.iter().filter(|lag| (from..to).contains(&lag.as_secs())).count();
        assert!(between(0, 2) > 9_000 && between(10, 21) > 9_000);
        assert_eq!(between(2, 10), 0);
    }

    #[test]
    fn a_maximum_below_the_typical_lag_wins() {
        assert!(lags(|options| options.indexing_lag_max = Duration::ZERO).iter().all(Duration::is_zero));
        let short = lags(|options| options.indexing_lag_max = Duration::from_millis(10));
        assert!(short.iter().all(|lag| *lag <= Duration::from_millis(10)));
    }
}
