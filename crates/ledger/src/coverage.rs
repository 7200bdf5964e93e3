//! Coverage algebra: sets of half-open time intervals, pure.

use jiff::Timestamp;

/// A half-open interval of time `[gte, lt)`; `gte < lt`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interval {
    /// First instant inside.
    pub gte: Timestamp,
    /// First instant after.
    pub lt: Timestamp,
}

/// A set of instants, kept as sorted intervals that neither overlap nor touch.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Coverage {
    intervals: Vec<Interval>,
}

impl Coverage {
    /// The intervals, in order of time, none overlapping or touching another.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }
}
