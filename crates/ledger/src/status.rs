//! What a feed looks like from outside.

use crate::{Failure, FeedId, Interval};
use jiff::Timestamp;
use std::time::Duration;

/// The state of one feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedStatus {
    /// Number in this ledger.
    pub id: FeedId,
    /// Name from the configuration.
    pub name: String,
    /// Canonical text of base URL and filters.
    pub scope: String,
    /// Activities kept, of every scope the feed ever had.
    pub activities: u64,
    /// Drained intervals of the current scope, in order.
    pub coverage: Vec<Interval>,
    /// What is missing between the planned start and the end of the coverage.
    pub gaps: Vec<Gap>,
    /// Since when the feed is meant to be complete.
    pub planned_start: Option<Timestamp>,
    /// Activities that came after their time counted as covered.
    pub late_arrivals: u64,
    /// Median lag of first-seen live rows.
    pub lag_p50: Option<Duration>,
    /// 99th percentile of the lag.
    pub lag_p99: Option<Duration>,
    /// When the last page was received.
    pub last_poll: Option<Timestamp>,
    /// The last failure since then.
    pub last_error: Option<Failure>,
}

/// An interval that is not covered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The interval.
    pub interval: Interval,
    /// Why it is missing.
    pub reason: String,
}
