//! What one feed is asked for, and how often.

use std::time::Duration;

use crate::TransparencySettings;

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
    /// The most that the overlap may grow to when rows come later than its floor.
    pub overlap_ceiling: Duration,
    /// Ages at which covered time is asked for again. Those of two days and more count weekdays only.
    pub reconcile_after: Vec<Duration>,
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
    /// How the vendor's transparency logs are checked; `None` for not at all.
    pub transparency: Option<TransparencySettings>,
}

impl Default for FeedSettings {
    /// The documented defaults: a poll a minute, a day of lookback, an overlap of five minutes to an hour, a minute to
    /// settle, everything asked again after ten minutes, an hour, a day and three.
    fn default() -> Self {
        Self {
            name: "anthropic".into(),
            scope: String::new(),
            poll_interval: Duration::from_mins(1),
            initial_lookback: Duration::from_hours(24),
            page_size: 5000,
            overlap_floor: Duration::from_mins(5),
            overlap_ceiling: Duration::from_hours(1),
            reconcile_after: [10, 60, 24 * 60, 72 * 60].map(Duration::from_mins).to_vec(),
            settle: Duration::from_mins(1),
            activity_types: Vec::new(),
            excluded_activity_types: Vec::new(),
            actor_ids: Vec::new(),
            organization_ids: Vec::new(),
            transparency: None,
        }
    }
}
