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
