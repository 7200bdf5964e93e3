//! The time of the simulator, passed in so that a test can drive it.
//!
//! Everything the simulator does that depends on time (which rows are visible, the request budget, the triggers of
//! the fault plan, the stamps of its own rows) asks one [`SimulatorClock`]. With a [`ManualClock`] a week of polling
//! runs in milliseconds and always in the same way.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Where the simulator reads the time.
pub trait SimulatorClock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Moves the clock to a moment; `false` when this clock cannot be driven.
    fn set(&self, to: Timestamp) -> bool {
        let _ = to;
        false
    }
}

/// The clock of the machine; it cannot be driven.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SimulatorClock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until somebody moves it, also backwards.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { now: Mutex::new(start) }
    }

    /// Moves the clock on; at the end of representable time it stays there.
    pub fn advance(&self, by: std::time::Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl SimulatorClock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, to: Timestamp) -> bool {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = to;
        true
    }
}
