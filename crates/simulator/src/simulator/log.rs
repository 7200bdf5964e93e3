//! The transparency log of each organization: a Merkle log of its Access Transparency rows, with signed checkpoints.
//!
//! A row becomes a leaf at the moment at which it can first be fetched, so leaves stand in the order of becoming visible, and the log
//! only ever grows. The row is served with its index in that order. Everything is computed from the definitions of RFC 6962 when it
//! is asked for: the logs are small, and there is nothing to get out of step.
//!
//! # Where the contract is silent
//!
//! | question | choice |
//! | --- | --- |
//! | when a checkpoint follows a leaf | at once: the latest checkpoint covers every row that can be fetched |
//! | whose key a key is | that of its parent: `organization_id` must name one of its organizations, unless there is only one |
//! | whether the `tile` endpoints answer for older partial tiles | yes, as long as the tree holds so many hashes |
//! | the signing keys | two, the same in every run: the one that signs, and one that nobody has announced |

pub(crate) mod leaf;
mod note;
mod reply;
mod tree;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

pub(crate) use self::reply::{Reply, Request};
use self::{note::Signer, tree::Hash};
use super::{lag::IndexingLag, query::just_after};
use crate::{ActivitySource, Generated};

pub use self::note::key_fingerprint;

/// The path of the log's endpoints.
pub(crate) const PATH: &str = "/v1/compliance/transparency_log/";

/// Whether rows of this type stand in the log.
pub(crate) fn is_logged(activity_type: &str) -> bool {
    matches!(activity_type, "anthropic_access" | "cmek_preserve")
}

/// The logs of one parent's organizations.
#[derive(Default)]
pub(crate) struct Logs {
    known: Mutex<Known>,
}

/// The rows that stand in a log, or will, as far as they were looked for.
struct Known {
    until: Timestamp,
    rows: Vec<Logged>,
}

impl Default for Known {
    fn default() -> Self {
        Self { until: Timestamp::MIN, rows: Vec::new() }
    }
}

struct Logged {
    visible_at: Timestamp,
    id: String,
    organization_uuid: String,
    entry: Vec<u8>,
}

impl Logs {
    /// The rows up to `now`, in the order of becoming visible.
    fn known(&self, source: &dyn ActivitySource, lag: &IndexingLag, now: Timestamp) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let end = just_after(now);
        if known.until < end {
            let from = known.until.max(source.history_start());
            let new = source.access_transparency(from, end);
            known.rows.extend(new.iter().filter_map(|row| logged(row, source, lag)));
            known.rows.sort_by(|left, right| (left.visible_at, &left.id).cmp(&(right.visible_at, &right.id)));
            known.until = end;
        }
        known
    }

    /// The place of a row in its organization's log.
    pub(crate) fn index(
        &self,
        row: &Generated,
        source: &dyn ActivitySource,
        lag: &IndexingLag,
        now: Timestamp,
    ) -> Option<u64> {
        let uuid = row.organization_uuid.as_deref()?;
        let known = self.known(source, lag, now);
        let mut own = known.rows.iter().filter(|logged| logged.organization_uuid == uuid);
        own.position(|logged| logged.id == row.id).map(|position| position as u64)
    }

    /// An organization's log as it stands at `now`.
    pub(crate) fn view(
        &self,
        organization_uuid: &str,
        source: &dyn ActivitySource,
        lag: &IndexingLag,
        now: Timestamp,
    ) -> View {
        let known = self.known(source, lag, now);
        let own = known
            .rows
            .iter()
            .filter(|logged| logged.organization_uuid == organization_uuid && logged.visible_at <= now);
        View {
            origin: format!("axt.anthropic.com/{organization_uuid}"),
            entries: own.map(|logged| logged.entry.clone()).collect(),
            signer: Signer::Announced,
            spoiled_signature: false,
        }
    }
}

fn logged(row: &Generated, source: &dyn ActivitySource, lag: &IndexingLag) -> Option<Logged> {
    let delay = lag.of(&row.id) + source.extra_lag(row.created_at);
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
    Some(Logged {
        visible_at: row.created_at.checked_add(delay).unwrap_or(Timestamp::MAX),
        id: row.id.clone(),
        organization_uuid: row.organization_uuid.clone()?,
        entry: leaf::entry(&row.json)?,
    })
}

/// One log at one moment, as it is or as a fault shows it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    origin: String,
    entries: Vec<Vec<u8>>,
    signer: Signer,
    spoiled_signature: bool,
}

impl View {
    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| tree::leaf(entry)).collect()
    }

    fn checkpoint(&self) -> String {
        let root = tree::root(&self.leaves());
        note::signed(&self.origin, self.size(), &root, self.signer, self.spoiled_signature)
    }

    /// Another event in the place of one: `false` where there is none.
    fn rewrite(&mut self, index: u64) -> bool {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(entry) = self.entries.get_mut(place) else { return false };
        *entry = String::from_utf8_lossy(entry).replace("\"id\":\"", "\"id\":\"rewritten_").into_bytes();
        true
    }
}
