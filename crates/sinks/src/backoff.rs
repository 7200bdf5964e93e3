//! How long to wait before trying again: doubling, with a random part, within bounds, the destination's own wish first.

use std::time::Duration;

/// Waits of one batch. Seeded, so that a test sees the same waits.
#[derive(Debug, Clone)]
pub struct Backoff {
    initial: Duration,
    most: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    /// Waits from `initial` on, doubling up to `most`.
    pub fn new(initial: Duration, most: Duration, seed: u64) -> Self {
        Self { initial, most, failures: 0, state: seed }
    }

    /// The next wait: between half and all of the doubled time, or what the destination asked for if that is longer.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let doubled =
            self.initial.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        let spread = doubled / 2 + doubled.mul_f64(0.5 * self.fraction());
        asked.map_or(spread, |asked| asked.max(spread).min(self.most.max(asked)))
    }

    /// Something went well: the next wait is a short one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Between 0 and 1, from a splitmix64 sequence.
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_bounds() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1), 7);
        for round in 0..80_u32 {
            let wait = backoff.next(None);
            let full = Duration::from_secs(1_u64 << round.min(6)).min(Duration::from_mins(1));
            assert!(wait >= full / 2 && wait <= full, "round {round}: {wait:?}");
        }
        backoff.reset();
        assert!(backoff.next(None) <= Duration::from_secs(1));
        assert!(backoff.next(Some(Duration::from_mins(5))) >= Duration::from_mins(5));
    }
}
