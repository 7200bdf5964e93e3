//! What a collector tells whoever watches it: a progress display, a test, metrics.
//!
//! Events are told as they happen, from the collector's own task: an observer must return at once and must not block.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// Something a collector did, or that happened to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The collector read from the ledger where it stands and begins.
    Started {
        /// Name of the feed.
        feed: Arc<str>,
        /// Where the trail begins.
        start: Timestamp,
        /// End of the coverage; equal to `start` when nothing is covered yet.
        covered_until: Timestamp,
    },
    /// A page is durable in the ledger.
    PageStored {
        /// Name of the feed.
        feed: Arc<str>,
        /// First instant asked for by the window under way.
        gte: Timestamp,
        /// End of the window under way.
        lt: Timestamp,
        /// Activities in the page.
        rows: u32,
        /// How many of them were new to the ledger.
        inserted: u32,
        /// `created_at` of the page's last activity: how far into the window the drain has come.
        reached: Option<Timestamp>,
        /// How much time is still to be filled in before the live stretch: 0 when there is nothing to catch up with.
        left: Duration,
    },
    /// A window was drained and what it proves is in the ledger.
    Polled {
        /// Name of the feed.
        feed: Arc<str>,
        /// First instant asked for.
        gte: Timestamp,
        /// End of the window, itself not asked for.
        lt: Timestamp,
        /// Whether the window reached to now; otherwise it was one of the past.
        live: bool,
        /// Pages of the drain.
        pages: u32,
        /// Activities that were new to the ledger.
        inserted: u64,
        /// Activities that the ledger already had.
        duplicates: u64,
        /// New activities that were older than the coverage that stood before.
        late: u64,
        /// End of the gapless coverage that the window belongs to.
        covered_until: Timestamp,
        /// From the first request to the last page stored.
        took: Duration,
    },
    /// An attempt failed. The collector goes on by itself.
    Failed {
        /// Name of the feed.
        feed: Arc<str>,
        /// Short name of the kind of failure.
        kind: String,
        /// What failed, and the detail.
        message: String,
        /// The next step for whoever runs the collector; empty when there is none.
        hint: String,
        /// The API's id of the failed request.
        request_id: Option<String>,
        /// When the collector tries again.
        next_attempt_in: Duration,
        /// Someone must act: it will not pass by itself.
        needs_a_hand: bool,
        /// Failed attempts since the last success, this one included.
        failures: u32,
    },
    /// The first success after failures that were told.
    Recovered {
        /// Name of the feed.
        feed: Arc<str>,
    },
    /// The feed was followed to the present, and nothing that is wanted is missing. Told whenever that comes to be so.
    CaughtUp {
        /// Name of the feed.
        feed: Arc<str>,
    },
    /// The local clock and the server's differ by more than can be a delay (`Some`: server minus local), or agree again (`None`).
    ClockSkew {
        /// Name of the feed.
        feed: Arc<str>,
        /// Server minus local: positive when the local clock is behind.
        server_ahead: Option<SignedDuration>,
    },
    /// A page held activities that claim to be from the future, by the local clock and by the server's.
    FutureRows {
        /// Name of the feed.
        feed: Arc<str>,
        /// How many.
        rows: u32,
        /// The newest `created_at` among them.
        newest: Timestamp,
    },
    /// Why nothing comes, or less than should, is another cause than before; `None` when rows flow again.
    Diagnosed {
        /// Name of the feed.
        feed: Arc<str>,
        /// Short name of the cause: `quiet`, `recording_off`, `key_expired`, `key_refused`, `scope_lost`, `rate_limited`,
        /// `rate_limited_by_others`, `vendor_outage`, `network`, `refused`, `clock` or `disk`.
        cause: Option<&'static str>,
        /// What speaks for it.
        evidence: String,
        /// The next step.
        hint: String,
    },
    /// The transparency logs were checked as far as they could be and had to be: nothing more comes of them for a while.
    LogsSettled {
        /// Name of the feed.
        feed: Arc<str>,
    },
    /// The key belongs to another parent organization than what was collected: the trail goes on as that one's.
    ParentChanged {
        /// Name of the feed.
        feed: Arc<str>,
        /// 1 for the organization that the trail began with, more for each other one.
        number: u32,
    },
    /// The collector ended, as it was told to.
    Stopped {
        /// Name of the feed.
        feed: Arc<str>,
    },
}

/// Is told of every [`Event`].
pub trait Observer: Send + Sync {
    /// Takes note of an event. Must return at once.
    fn observe(&self, event: &Event);
}

/// An observer that takes no note.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: &Event) {}
}
