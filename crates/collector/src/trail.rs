//! What a collector knows of its feed's trail, shared by its lanes: what is covered, what is meant to be, what was asked again.
//!
//! It holds nothing that the ledger does not: a start reads it from there, and every change follows an append.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Interval};

use crate::{
    overlap::Overlap,
    reconciliation::Reconciliation,
    windows::{Clocks, Patience, before},
};

/// The state of one feed's trail.
#[derive(Debug)]
pub(crate) struct Trail {
    /// Where the trail is meant to begin.
    pub(crate) planned_start: Timestamp,
    /// Stretches that were asked for apart from that.
    pub(crate) wanted: Coverage,
    pub(crate) coverage: Coverage,
    /// From here on the live tail sees to the coverage; what is missing before it is to be filled in.
    pub(crate) live_from: Timestamp,
    pub(crate) overlap: Overlap,
    pub(crate) reconciliation: Reconciliation,
    /// What is being filled in, and how far each has come.
    pub(crate) under_way: Vec<UnderWay>,
    /// The live tail has reached the present since the start.
    pub(crate) live: bool,
    /// How old a moment must be before it is claimed.
    pub(crate) settle: Duration,
}

/// A shard on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnderWay {
    pub(crate) number: u64,
    pub(crate) interval: Interval,
    pub(crate) reached: Timestamp,
}

impl Trail {
    pub(crate) fn patience(&self, now: Timestamp) -> Patience {
        Patience { settle: self.settle, overlap: self.overlap.at(now) }
    }

    /// What is to be filled in, whether it is under way or not: wanted, not covered, before the live stretch, and old enough to be final.
    pub(crate) fn missing(&self, clocks: Clocks) -> Coverage {
        let mut missing = self.wanted.clone();
        let ripe = before(before(clocks.earliest(), self.settle), self.overlap.at(clocks.local));
        let until = self.live_from.min(ripe);
        missing.insert(Interval { gte: self.planned_start, lt: until });
        missing.remove(Interval { gte: until, lt: Timestamp::MAX });
        missing.subtract(&self.coverage)
    }

    /// How much time is still to be filled in.
    pub(crate) fn left(&self, clocks: Clocks) -> Duration {
        let length = |interval: &Interval| interval.lt.duration_since(interval.gte);
        let missing: SignedDuration = self.missing(clocks).intervals().iter().map(length).sum();
        let done: SignedDuration =
            self.under_way.iter().map(|shard| shard.reached.duration_since(shard.interval.gte)).sum();
        Duration::try_from(missing - done).unwrap_or_default()
    }

    pub(crate) fn intervals_under_way(&self) -> Vec<Interval> {
        self.under_way.iter().map(|shard| shard.interval).collect()
    }
}
