//! What a caller hands to the ledger in one append, and what it gets back.

use crate::Interval;
use jiff::Timestamp;

/// The number of a feed in one ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FeedId(pub(crate) i64);

impl FeedId {
    /// The number as stored.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for FeedId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One page of the feed, with what it proves: one transaction, one link of the chain.
#[derive(Clone, Debug)]
pub struct PageCommit<'a> {
    /// The feed, as [`crate::Ledger::register_feed`] named it.
    pub feed: FeedId,
    /// Where the page came from.
    pub provenance: Provenance<'a>,
    /// The activities of the page, in the page's order.
    pub activities: &'a [NewActivity<'a>],
    /// This page ends a drain, which proves the interval.
    pub drained: Option<Interval>,
    /// This page is the first of a drain.
    pub drain_started: bool,
    /// The drain this page continues, as [`Appended::drain`] named it, for callers with several drains of one feed
    /// side by side. `None`: the drain of the feed started last. Ignored when `drain_started`.
    pub drain: Option<u64>,
    /// Whether first-seen rows of this page count in the feed's lag histogram.
    pub lag: LagPolicy,
    /// Which activities of the page are the feed's own accounts of our requests. Kept for those that are new.
    pub own_reads: &'a [OwnRead],
}

/// An activity that tells of a request of our own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnRead {
    /// Its position in [`PageCommit::activities`].
    pub position: u32,
    /// From the answer to that request until the activity was first seen.
    pub lag: std::time::Duration,
}

/// Whether the rows of a page say something about the feed's indexing lag.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LagPolicy {
    /// Live rows: arrival minus `created_at` is the lag.
    #[default]
    Count,
    /// History: rows are old because they were asked for late.
    Skip,
}

/// Where a page came from.
#[derive(Clone, Copy, Debug)]
pub struct Provenance<'a> {
    /// The full URL asked for (never holds a key).
    pub url: &'a str,
    /// The request's parameters as a JSON object.
    pub parameters: &'a str,
    /// The vendor's request id.
    pub request_id: Option<&'a str>,
    /// When the request was sent.
    pub requested_at: Timestamp,
    /// When the response was complete.
    pub responded_at: Timestamp,
    /// HTTP status.
    pub status: u16,
    /// SHA-256 of the response body.
    pub body_sha256: [u8; 32],
    /// Size of the response body, in bytes.
    pub body_bytes: u64,
    /// How many requests it took, the successful one included.
    pub attempts: u32,
}

/// One activity of a page.
#[derive(Clone, Copy, Debug)]
pub struct NewActivity<'a> {
    /// The activity's id; the ledger is unique on (feed, id).
    pub id: &'a str,
    /// When it happened.
    pub created_at: Timestamp,
    /// Its exact bytes.
    pub raw: &'a [u8],
}

/// What an append did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Number of the page, dense from 1.
    pub page: u64,
    /// Number of the drain the page belongs to: the number of the drain's first page.
    pub drain: u64,
    /// Sequence of the first new activity; 0 when there was none.
    pub first_sequence: u64,
    /// Activities stored by this append.
    pub inserted: u32,
    /// Activities of the page that the ledger (or the page itself) already had.
    pub duplicates: u32,
    /// Stored activities that lie in an interval that already counted as covered.
    pub late: u32,
    /// Positions in `activities` of the stored ones, ascending; their sequences are dense from `first_sequence`.
    pub new_positions: Vec<u32>,
}

/// A failed attempt to poll a feed, kept for `status`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// When it happened.
    pub at: Timestamp,
    /// Short kind, `snake_case`.
    pub kind: String,
    /// One sentence.
    pub message: String,
    /// The next step.
    pub hint: String,
    /// The vendor's request id.
    pub request_id: Option<String>,
}
