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

/// An activity that came after its time counted as covered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LateArrival {
    /// Position in the ledger.
    pub sequence: u64,
    /// When it happened.
    pub created_at: Timestamp,
    /// When the page that brought it was received.
    pub first_seen: Timestamp,
}

impl LateArrival {
    /// How late it was first seen.
    pub fn lag(&self) -> Duration {
        Duration::try_from(self.first_seen.duration_since(self.created_at)).unwrap_or_default()
    }
}

/// The feed's own accounts of our requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnReads {
    /// How many were kept.
    pub count: u64,
    /// When the newest was first seen.
    pub last_seen: Timestamp,
    /// Median time from an answer to seeing the activity about it, of the newest thousand.
    pub lag_p50: Duration,
    /// 99th percentile of the same.
    pub lag_p99: Duration,
}

/// A stretch of time that somebody wants to be fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backfill {
    /// What is wanted.
    pub interval: Interval,
    /// Since when.
    pub requested_at: Timestamp,
    /// When it was complete.
    pub finished_at: Option<Timestamp>,
}

/// What the collector last said of a feed under a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The topic.
    pub topic: String,
    /// Its text; the collector's are JSON objects.
    pub text: String,
    /// When it was said.
    pub at: Timestamp,
}
