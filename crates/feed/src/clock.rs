//! Time as a value that is passed in: what o'clock it is, and waiting.
//!
//! Retry waits and the times in an [`Exchange`](crate::Exchange) come from here and from nowhere else, so a test that
//! brings its own clock never waits. Socket timeouts are the transport's affair and run on real time.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

/// A source of time. Clones share the same time.
pub trait Clock: Clone + Send + Sync + 'static {
    /// The current moment.
    fn now(&self) -> Timestamp;

    /// Completes after `duration`. Dropping the future ends the wait.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// The machine's clock, with waits on the tokio timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}
