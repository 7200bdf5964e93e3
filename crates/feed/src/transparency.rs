//! The vendor's transparency log: what it says, and whether that holds.
//!
//! Activities about access by the vendor's people (`anthropic_access`, `cmek_preserve`) also stand in a Merkle log, one for each
//! organization. The log publishes signed checkpoints: its size and a root hash that commits to every entry. Two proofs follow from
//! hashes alone: that an entry is in the tree of a checkpoint, and that a later checkpoint only added to an earlier one.
//!
//! Everything here but the calls is pure: values in, a verdict out, so it can be checked again years later from what was kept. Nothing
//! the API says is believed: the origin is derived from the organization's UUID, and a key counts only if its fingerprint is among
//! those that the caller trusts. `docs/design/transparency.md` says what is checked, and what was assumed.

mod calls;
mod checkpoint;
mod keys;
mod leaf;
mod proof;

use std::fmt;

pub use calls::LogAnswer;
pub use checkpoint::LogCheckpoint;
pub use keys::{LogKey, PUBLISHED_KEY_FINGERPRINTS, parse_keys};
pub use leaf::{LoggedActivity, is_logged};
pub use proof::{LogProof, parse_proof};

/// The first line of every checkpoint of an organization's log, derived from its UUID and never read from an answer; `None` when
/// the text is no UUID.
pub fn log_origin(organization_uuid: &str) -> Option<String> {
    let parts = organization_uuid.split('-').map(str::len);
    let hexadecimal = organization_uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let is_uuid = hexadecimal && parts.eq([8, 4, 4, 4, 12]);
    is_uuid.then(|| format!("{ORIGIN_START}{}", organization_uuid.to_ascii_lowercase()))
}

/// The organization's UUID in an origin.
pub fn organization_of(origin: &str) -> &str {
    origin.strip_prefix(ORIGIN_START).unwrap_or(origin)
}

const ORIGIN_START: &str = "axt.anthropic.com/";

/// What does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FlawKind {
    /// The checkpoint is not a signed note with a size and a root.
    MalformedCheckpoint,
    /// The checkpoint is of another log.
    WrongOrigin,
    /// No signature is by a key that is trusted.
    UnknownKey,
    /// The signature is not that of the text.
    WrongSignature,
    /// The log is smaller than it was.
    RolledBack,
    /// The log is another one than it was: it does not extend the checkpoint before.
    Forked,
    /// The activity is not the one that the log holds at its place.
    LeafMismatch,
    /// The activity cannot be turned into a leaf.
    UnreadableRow,
    /// The log does not cover the activity long after it was served.
    NotIncluded,
    /// The activity names no place in the log, and was recorded after others that do.
    RowWithoutLeaf,
}

impl FlawKind {
    /// The name in `snake_case`, stable, for logs, the ledger and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedCheckpoint => "malformed_checkpoint",
            Self::WrongOrigin => "wrong_origin",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::RolledBack => "rolled_back",
            Self::Forked => "forked",
            Self::LeafMismatch => "leaf_mismatch",
            Self::UnreadableRow => "unreadable_row",
            Self::NotIncluded => "not_included",
            Self::RowWithoutLeaf => "row_without_leaf",
        }
    }
}

/// Something that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// What it is.
    pub kind: FlawKind,
    /// One sentence, the same whenever the same thing is found again.
    pub detail: String,
}

impl Flaw {
    /// A flaw of this kind.
    pub fn new(kind: FlawKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind.as_str(), self.detail)
    }
}

#[cfg(test)]
mod tests;
