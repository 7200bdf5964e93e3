//! When to ask again, and how long to wait before.
//!
//! The API's own word comes first: `x-should-retry` decides whether, `retry-after` decides when. Where it says nothing,
//! the kind of the error decides whether, and the wait starts at [`RetryOptions::backoff_initial`] and doubles up to
//! [`RetryOptions::backoff_max`]. Each such wait is drawn from its upper half by a seeded generator, so that many
//! collectors do not ask in step, and so that a test knows every wait beforehand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::Error;

/// The longest wait that is spent inside one call. When the API asks for more, the call ends with the error and its
/// `retry_after`, so that the caller can say so and plan for it.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How often to ask, and how long to wait in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryOptions {
    /// Requests for one page at most, the first included. At least 1. Default 6, which waits about half a minute in all.
    pub max_attempts: u32,
    /// The first wait. Default 1 s.
    pub backoff_initial: Duration,
    /// The longest wait of our own choosing. Default 60 s.
    pub backoff_max: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self { max_attempts: 6, backoff_initial: Duration::from_secs(1), backoff_max: Duration::from_mins(1) }
    }
}

impl RetryOptions {
    /// The wait before the next attempt, after `attempts` have failed with `error`; `None` when that was the last.
    pub(crate) fn wait(&self, error: &Error, attempts: u32, jitter: &Jitter) -> Option<Duration> {
        if !error.is_retryable() || attempts >= self.max_attempts {
            return None;
        }
        match error.retry_after() {
            // Zero would be a loop without a pause; the usual wait is the better answer.
            Some(wait) if !wait.is_zero() => (wait <= LONGEST_WAIT).then_some(wait),
            _ => Some(self.backoff(attempts, jitter)),
        }
    }

    /// Doubles with every failed attempt; the last half of it is left to chance.
    fn backoff(&self, attempts: u32, jitter: &Jitter) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let whole = self.backoff_initial.saturating_mul(1 << doublings).min(self.backoff_max);
        whole.mul_f64(0.5 + 0.5 * jitter.fraction())
    }
}

/// A seeded generator (`SplitMix64`) for the part of a wait that is left to chance.
#[derive(Debug)]
pub(crate) struct Jitter(AtomicU64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A number from 0 up to but not including 1.
    fn fraction(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = mixed ^ (mixed >> 31);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    fn overloaded(retry_after: Option<Duration>) -> Error {
        Error::new(ErrorKind::Overloaded, "").with_retry_after(retry_after)
    }

    #[test]
    fn doubles_up_to_the_maximum_within_the_upper_half() {
        let options = RetryOptions { max_attempts: 20, ..RetryOptions::default() };
        let jitter = Jitter::new(7);
        for (attempts, whole) in
            [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (19, 60)]
        {
            let wait = options.wait(&overloaded(None), attempts, &jitter).unwrap();
            let whole = Duration::from_secs(whole);
            assert!(
                whole / 2 <= wait && wait < whole,
                "attempt {attempts}: {wait:?} is not in the upper half of {whole:?}"
            );
        }
        assert_eq!(options.wait(&overloaded(None), 20, &jitter), None);
    }

    #[test]
    fn follows_the_api_before_its_own_plan() {
        let options = RetryOptions::default();
        let jitter = Jitter::new(7);
        let table = [
            (Duration::from_secs(17), Some(Duration::from_secs(17))),
            (LONGEST_WAIT, Some(LONGEST_WAIT)),
            // More than one call may spend: the caller is told instead.
            (LONGEST_WAIT + Duration::from_secs(1), None),
        ];
        for (asked, wait) in table {
            assert_eq!(options.wait(&overloaded(Some(asked)), 1, &jitter), wait);
        }
        let at_once = options.wait(&overloaded(Some(Duration::ZERO)), 1, &jitter).unwrap();
        assert!(at_once >= Duration::from_millis(500), "zero would be a loop without a pause");
    }

    #[test]
    fn does_not_repeat_what_cannot_help() {
        let options = RetryOptions::default();
        let jitter = Jitter::new(7);
        assert_eq!(options.wait(&Error::new(ErrorKind::BadRequest, ""), 1, &jitter), None);
        let told = overloaded(None).with_retryable(false);
        assert_eq!(options.wait(&told, 1, &jitter), None);
        let one = RetryOptions { max_attempts: 1, ..options };
        assert_eq!(one.wait(&overloaded(None), 1, &jitter), None);
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let jitter = Jitter::new(seed);
            [(); 5].map(|()| jitter.fraction().to_bits())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    proptest! {
        #[test]
        fn no_wait_is_ever_longer_than_allowed(
            seed in any::<u64>(),
            attempts in 1_u32..u32::MAX,
            initial in 0_u64..u64::MAX,
            max in 0_u64..1_000_000_000_000,
        ) {
            let options = RetryOptions {
                max_attempts: u32::MAX,
                backoff_initial: Duration::from_nanos(initial),
                backoff_max: Duration::from_nanos(max),
            };
            let wait = options.wait(&overloaded(None), attempts, &Jitter::new(seed)).unwrap();
            prop_assert!(wait <= options.backoff_max);
        }
    }
}
