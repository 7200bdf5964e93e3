//! The budget of requests that all keys of one parent share.
//!
//! A token bucket: it holds one minute's worth of requests when full and refills evenly, so a burst of the whole
//! budget is allowed and then one request every tenth of a second (at 600 a minute). A refused request costs nothing.
//! All arithmetic is in whole nanoseconds, so the same clock always gives the same answer.

use std::time::Duration;

use jiff::Timestamp;

/// What one request costs in units; `per_minute` units come back each nanosecond.
const UNITS_PER_REQUEST: u64 = 60_000_000_000;

/// The state of one parent's budget.
#[derive(Debug)]
pub(crate) struct Budget {
    per_minute: u64,
    units: u64,
    refilled_at: Timestamp,
}

/// What the budget says about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BudgetState {
    /// Requests a minute.
    pub(crate) limit: u64,
    /// Whole requests left.
    pub(crate) remaining: u64,
    /// When the bucket is full again, if nobody asks.
    pub(crate) reset: Timestamp,
    /// Set when the request is refused: whole seconds until one is possible, at least 1.
    pub(crate) retry_after: Option<u64>,
}

impl Budget {
    /// A full bucket.
    pub(crate) fn new(per_minute: u32, now: Timestamp) -> Self {
        let per_minute = u64::from(per_minute);
        Self { per_minute, units: per_minute * UNITS_PER_REQUEST, refilled_at: now }
    }

    /// Takes one request out; `None` when there is no limit.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<BudgetState> {
        self.refill(now);
        if self.per_minute == 0 {
            return None;
        }
        let retry_after = match self.units.checked_sub(UNITS_PER_REQUEST) {
            Some(left) => {
                self.units = left;
                None
            }
            None => Some(
                (UNITS_PER_REQUEST - self.units).div_ceil(self.per_minute).div_ceil(1_000_000_000).max(1),
            ),
        };
        Some(BudgetState { retry_after, ..self.state(now) })
    }

    /// What is left, without taking any.
    pub(crate) fn look(&mut self, now: Timestamp) -> Option<BudgetState> {
        self.refill(now);
        (self.per_minute > 0).then(|| self.state(now))
    }

    fn state(&self, now: Timestamp) -> BudgetState {
        let missing = self.per_minute * UNITS_PER_REQUEST - self.units;
        let refill = Duration::from_nanos(missing.div_ceil(self.per_minute));
        BudgetState {
            limit: self.per_minute,
            remaining: self.units / UNITS_PER_REQUEST,
            reset: now.checked_add(refill).unwrap_or(Timestamp::MAX),
            retry_after: None,
        }
    }

    /// Adds what came back since the last look; a clock that went backwards adds nothing and starts anew from there.
    fn refill(&mut self, now: Timestamp) {
        let passed = u64::try_from(now.duration_since(self.refilled_at).as_nanos()).unwrap_or(0);
        let full = self.per_minute * UNITS_PER_REQUEST;
        self.units = passed.saturating_mul(self.per_minute).saturating_add(self.units).min(full);
        self.refilled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).expect("in range")
    }

    #[test]
    fn a_burst_of_the_whole_budget_then_one_every_tenth_of_a_second() {
        let mut budget = Budget::new(600, at(0));
        for left in (0..600).rev() {
            let state = budget.take(at(0)).expect("limited");
            assert_eq!((state.remaining, state.retry_after), (left, None));
        }
        let refused = budget.take(at(0)).expect("limited");
        assert_eq!((refused.remaining, refused.retry_after, refused.reset), (0, Some(1), at(60_000)));
        assert_eq!(budget.take(at(99)).expect("limited").retry_after, Some(1));
        assert_eq!(budget.take(at(100)).expect("limited").retry_after, None);
        assert_eq!(budget.take(at(100)).expect("limited").retry_after, Some(1));
        assert_eq!(budget.look(at(60_100)).expect("limited").remaining, 600);
    }

    #[test]
    fn a_small_budget_says_how_long_to_wait() {
        let mut budget = Budget::new(2, at(0));
        budget.take(at(0));
        budget.take(at(0));
        assert_eq!(budget.take(at(0)).expect("limited").retry_after, Some(30));
        assert_eq!(budget.take(at(28_500)).expect("limited").retry_after, Some(2));
        assert_eq!(budget.take(at(30_000)).expect("limited").retry_after, None);
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_nor_stops_the_bucket() {
        let mut budget = Budget::new(1, at(0));
        budget.take(at(0));
        assert!(budget.take(at(-3_600_000)).expect("limited").retry_after.is_some());
        assert_eq!(budget.take(at(-3_540_000)).expect("limited").retry_after, None);
    }

    #[test]
    fn no_limit() {
        assert_eq!(Budget::new(0, at(0)).take(at(0)), None);
    }
}
