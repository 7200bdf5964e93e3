//! What is known of the vendor's transparency log: accepted checkpoints, proven activities, breaks, and what waits.
//!
//! The ledger keeps them and understands none of it: a checkpoint is a signed text, a proof is bytes. What is evidence
//! (checkpoints, proofs, breaks) stands in the chain; what only says how far the work has come stands beside it.

use crate::{Failure, FeedId};
use jiff::Timestamp;

/// A signed checkpoint to be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewCheckpoint<'a> {
    /// Which log: the first line of every checkpoint of it.
    pub origin: &'a str,
    /// Leaves that it commits to.
    pub tree_size: u64,
    /// The checkpoint with its signature, as it was served.
    pub note: &'a str,
    /// The key that signed it, DER.
    pub public_key: &'a [u8],
    /// The hashes that prove that it extends the one kept before, joined; empty when there was none.
    pub consistency: &'a [u8],
}

/// A checkpoint that was accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Number in this ledger, dense from 1.
    pub number: u64,
    /// The feed whose log it is of.
    pub feed: FeedId,
    /// See [`NewCheckpoint::origin`].
    pub origin: String,
    /// See [`NewCheckpoint::tree_size`].
    pub tree_size: u64,
    /// See [`NewCheckpoint::note`].
    pub note: String,
    /// See [`NewCheckpoint::public_key`].
    pub public_key: Vec<u8>,
    /// See [`NewCheckpoint::consistency`].
    pub consistency: Vec<u8>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its link of the chain.
    pub link: u64,
}

/// The proof that an activity stands in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvenLeaf {
    /// Which activity.
    pub sequence: u64,
    /// Number of the checkpoint under which it was proven.
    pub checkpoint: u64,
    /// Its place in the log.
    pub leaf_index: u64,
    /// The hashes from its leaf up to the root, joined.
    pub path: Vec<u8>,
    /// When it was proven.
    pub proven_at: Timestamp,
    /// Its link of the chain.
    pub link: u64,
}

/// Something of the log that does not hold, to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewBreak {
    /// Which log.
    pub origin: String,
    /// Short name of the kind, `snake_case`.
    pub kind: String,
    /// The activity that it is about, if it is about one.
    pub sequence: Option<u64>,
    /// One sentence.
    pub detail: String,
    /// What was served, for whoever has to be shown it.
    pub evidence: String,
}

/// Something of the log that did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogBreak {
    /// Number in this ledger, dense from 1.
    pub number: u64,
    /// The feed.
    pub feed: FeedId,
    /// What it is.
    pub told: NewBreak,
    /// When it was first found.
    pub found_at: Timestamp,
    /// Its link of the chain.
    pub link: u64,
    /// Who looked into it and what came of that, once somebody did.
    pub acknowledged: Option<Acknowledgement>,
}

/// Somebody looked into a break. The break stays on record, and this beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acknowledgement {
    /// What was found out.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its link of the chain.
    pub link: u64,
}

/// An activity that should stand in a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedRow {
    /// Which activity.
    pub sequence: u64,
    /// Which log; `None` when the activity does not say whose it is.
    pub origin: Option<String>,
    /// Its place in the log, if the feed tells one.
    pub leaf_index: Option<u64>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// Since when the log is known not to cover it yet.
    pub waits_since: Option<Timestamp>,
}

/// How the last check of a log went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogCheck {
    /// Which log.
    pub origin: String,
    /// When it was last tried.
    pub tried_at: Timestamp,
    /// When it last came to its end, whatever it found.
    pub checked_at: Option<Timestamp>,
    /// Why the last try did not come to its end.
    pub failure: Option<Failure>,
}
