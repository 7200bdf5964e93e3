//! Simulated time: it stands still while anyone works, and jumps to the next waking when everyone waits.
//!
//! The runtime's own paused clock does the jumping. All tasks of a simulation run on its one thread, the ledger's work included,
//! so they run in an order that the seed alone decides.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The time of a simulation. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedClock {
    start: Timestamp,
    began: Instant,
    skew: Arc<Mutex<SignedDuration>>,
}

impl SimulatedClock {
    /// A clock that begins at a moment; within a runtime whose time is paused.
    pub(crate) fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now(), skew: Arc::default() }
    }

    /// The time as it is, which only the server's clock shows.
    pub(crate) fn true_now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        self.start.checked_add(passed).unwrap()
    }

    /// Sets the local clock wrong by this much; zero sets it right.
    pub(crate) fn set_skew(&self, skew: SignedDuration) {
        *self.skew() = skew;
    }

    fn skew(&self) -> MutexGuard<'_, SignedDuration> {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl feed::Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.true_now().checked_add(*self.skew()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}
