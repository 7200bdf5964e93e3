//! Keeps a feed's requests within its share of the parent organization's budget.
//!
//! The vendor allows 600 requests a minute to all keys of a parent organization together. A [`Paced`] transport spaces its requests
//! so that no minute holds more than the configured share, with a small burst for a start after a pause.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use feed::{Transport, TransportError, TransportRequest, TransportResponse};

/// Requests a minute that all keys of a parent organization share, by the vendor's documentation.
const REQUESTS_PER_MINUTE: f64 = 600.0;
/// Requests that may go out at once after a pause: a catch-up begins without delay, and a minute's sum stays close to the share.
const BURST: u32 = 10;

/// A transport that waits for its turn.
pub(crate) struct Paced<T> {
    inner: T,
    interval: Duration,
    /// When the next request would be due if all went out evenly.
    due: Mutex<Instant>,
}

impl<T> Paced<T> {
    /// Spends at most `share` (above 0, at most 1) of the budget.
    pub(crate) fn new(inner: T, share: f64) -> Self {
        Self {
            inner,
            interval: Duration::from_secs_f64(60.0 / (REQUESTS_PER_MINUTE * share)),
            due: Mutex::new(Instant::now()),
        }
    }

    /// Books a turn and says how long to wait for it.
    fn book(&self, now: Instant) -> Duration {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let allowance = self.interval * BURST;
        // An idle time gives back at most the burst.
        let turn = (*due).max(now);
        *due = turn + self.interval;
        (turn - now).saturating_sub(allowance)
    }
}

impl<T: Transport> Transport for Paced<T> {
    async fn get(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let wait = self.book(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        self.inner.get(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_exceeds_the_share_by_more_than_the_burst() {
        for share in [0.05, 0.5, 1.0] {
            let paced = Paced::new((), share);
            let start = Instant::now();
            let mut now = start;
            let mut sent = Vec::new();
            // A client that asks again at once.
            while now < start + Duration::from_mins(3) {
                now += paced.book(now);
                sent.push(now - start);
                now += Duration::from_millis(1);
            }
            for minute in 0..3 {
                let (from, to) = (Duration::from_mins(minute), Duration::from_mins(minute + 1));
                let count = sent.iter().filter(|time| (from..to).contains(*time)).count();
                assert!(
                    count as f64 <= 600.0 * share + f64::from(BURST) + 1.0,
                    "share {share}, minute {minute}: {count}"
                );
                assert!(count as f64 >= 600.0 * share * 0.98, "share {share}, minute {minute}: only {count}");
            }
        }
    }

    #[test]
    fn a_request_after_a_pause_does_not_wait() {
        let paced = Paced::new((), 0.5);
        let now = Instant::now() + Duration::from_hours(1);
        assert!((0..BURST).all(|_| paced.book(now).is_zero()));
    }
}
