//! What one feed is asked for, and how often.

use std::time::Duration;

use crate::windows::ChunkLimits;

/// The settings of one feed, as meant: defaults filled in, names expanded.
#[derive(Debug, Clone)]
pub struct FeedSettings {
    /// Name of the feed in the ledger, in logs and in events.
    pub name: String,
    /// Canonical text of what decides which rows the feed can return (base URL and filters). A trail's coverage holds for
    /// one scope: another text starts the coverage anew, from where the old one began.
    pub scope: String,
    /// From the start of one poll to the start of the next.
    pub poll_interval: Duration,
    /// How far before its first start a new trail begins.
    pub initial_lookback: Duration,
    /// Activities per request, 1 to 5000.
    pub page_size: u32,
    /// How far behind what is covered every poll asks again, because rows may become visible late.
    pub overlap_floor: Duration,
    /// How old a moment must be before it counts as covered.
    pub settle: Duration,
    /// Only these activity types; empty means all. Not together with `excluded_activity_types`.
    pub activity_types: Vec<String>,
    /// All activity types but these.
    pub excluded_activity_types: Vec<String>,
    /// Only activities of these actors; empty means all.
    pub actor_ids: Vec<String>,
    /// Only these organizations; empty means all.
    pub organization_ids: Vec<String>,
    /// Bounds of the windows in which a longer stretch is caught up with.
    pub chunk: ChunkLimits,
}

impl Default for FeedSettings {
    /// The documented defaults: a poll a minute, a day of lookback, five minutes of overlap, a minute to settle.
    fn default() -> Self {
        Self {
            name: "anthropic".into(),
            scope: String::new(),
            poll_interval: Duration::from_mins(1),
            initial_lookback: Duration::from_hours(24),
            page_size: 5000,
            overlap_floor: Duration::from_mins(5),
            settle: Duration::from_mins(1),
            activity_types: Vec::new(),
            excluded_activity_types: Vec::new(),
            actor_ids: Vec::new(),
            organization_ids: Vec::new(),
            chunk: ChunkLimits::default(),
        }
    }
}
