//! Moments at which something is killed.

use std::time::Duration;

/// Moments from a fixed sequence (a linear congruential generator), so that a failure can be told again.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    pub(crate) fn between(&mut self, least_ms: u64, end_ms: u64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(least_ms + (self.0 >> 33) % (end_ms - least_ms))
    }
}
