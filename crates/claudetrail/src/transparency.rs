//! What the ledger knows of the vendor's transparency logs: for `status`, from what was noted; for `verify`, computed again.
//!
//! A row of Access Transparency is in one of four states: proven under a checkpoint, waiting for the log to cover it, without a place
//! because nothing was logged in its time, or broken. A break stays, and may be acknowledged by somebody who looked into it; the log of a
//! former parent organization is told as such. [`Account`] sums this up for one log; [`recompute`] takes nothing of it for granted:
//! every kept checkpoint is verified and linked to the one before, and every proof is followed from the kept bytes to a signed root.

use std::collections::{BTreeMap, HashMap, HashSet};

use collector::FORMER_LOG;
use feed::{LogCheckpoint, LogKey, LoggedActivity, organization_of};
use jiff::Timestamp;
use ledger::{
    Acknowledgement, Checkpoint, EntryFilter, Failure, FeedId, LogBreak, LogCheck, LoggedRow, ProvenLeaf,
    Reader,
};
use serde_json::{Value, json};

use crate::{
    display::{self, Palette},
    error::Result,
    output::hexadecimal,
};

/// What follows from a break, for whoever reads of it.
pub(crate) const HINT: &str = "keep the ledger: it holds what was served, under transparency in `claudetrail verify --json`; \
                               give that to your account representative at the vendor, and say with `claudetrail acknowledge` what came of it";

/// How a row stands to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Proven,
    /// The log does not cover it yet, or has not been asked about it yet.
    Waiting,
    /// It names no place in the log, as rows of a time do when nothing was logged.
    WithoutLeaf,
    Broken,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Waiting => "waiting",
            Self::WithoutLeaf => "without_leaf",
            Self::Broken => "broken",
        }
    }
}

/// One log of a feed, as far as the ledger knows it.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) origin: String,
    /// Oldest first.
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) rows: Vec<(LoggedRow, State, Option<ProvenLeaf>)>,
    pub(crate) breaks: Vec<LogBreak>,
    pub(crate) check: Option<LogCheck>,
    /// What does not hold when computed again; filled in by [`recompute`] alone.
    pub(crate) differences: Vec<String>,
}

/// Every log of a feed, by origin.
pub(crate) fn accounts(reader: &Reader, feed: FeedId) -> Result<Vec<Account>> {
    let mut logs: BTreeMap<String, Account> = BTreeMap::new();
    let mut proofs: HashMap<u64, ProvenLeaf> =
        reader.proven_leaves(feed)?.into_iter().map(|leaf| (leaf.sequence, leaf)).collect();
    for checkpoint in reader.checkpoints(feed)? {
        log(&mut logs, &checkpoint.origin).checkpoints.push(checkpoint);
    }
    for found in reader.log_breaks(feed)? {
        log(&mut logs, &found.told.origin).breaks.push(found);
    }
    for check in reader.log_checks(feed)? {
        let origin = check.origin.clone();
        log(&mut logs, &origin).check = Some(check);
    }
    for row in reader.logged_rows(feed)? {
        let proof = proofs.remove(&row.sequence);
        let account = log(&mut logs, row.origin.as_deref().unwrap_or("unknown"));
        let broken = account.breaks.iter().any(|found| found.told.sequence == Some(row.sequence));
        let state = match (&proof, row.leaf_index) {
            (Some(_), _) => State::Proven,
            _ if broken => State::Broken,
            (None, Some(_)) => State::Waiting,
            (None, None) => State::WithoutLeaf,
        };
        account.rows.push((row, state, proof));
    }
    Ok(logs.into_values().collect())
}

fn log<'a>(logs: &'a mut BTreeMap<String, Account>, origin: &str) -> &'a mut Account {
    logs.entry(origin.to_owned())
        .or_insert_with(|| Account { origin: origin.to_owned(), ..Account::default() })
}

impl Account {
    pub(crate) fn count(&self, state: State) -> usize {
        self.rows.iter().filter(|(_, found, _)| *found == state).count()
    }

    /// Breaks that nobody has said anything of.
    pub(crate) fn open_breaks(&self) -> impl Iterator<Item = &LogBreak> {
        self.breaks.iter().filter(|found| found.acknowledged.is_none())
    }

    /// Whether it is the log of a parent organization that the feed's key was one of before.
    fn is_former(&self) -> bool {
        self.last_failure().is_some_and(|failure| failure.kind == FORMER_LOG)
    }

    /// What kept the last check from its end.
    fn failure(&self) -> Option<&Failure> {
        self.last_failure().filter(|failure| failure.kind != FORMER_LOG)
    }

    fn last_failure(&self) -> Option<&Failure> {
        self.check.as_ref()?.failure.as_ref()
    }

    /// Events that the latest checkpoint commits to and the ledger has no row of: from before the trail, or not shown by the feed.
    fn leaves_not_kept(&self) -> u64 {
        let size = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.tree_size);
        let known: HashSet<u64> = self.rows.iter().filter_map(|(row, ..)| row.leaf_index).collect();
        size.saturating_sub(known.iter().filter(|index| **index < size).count() as u64)
    }

    /// When a row was proven, and the size of the checkpoint that it was proven under.
    fn proven_under(&self, leaf: &ProvenLeaf) -> Option<(Timestamp, u64)> {
        let checkpoint = self.checkpoints.iter().find(|checkpoint| checkpoint.number == leaf.checkpoint)?;
        Some((leaf.proven_at, checkpoint.tree_size))
    }

    /// As `status --json` and attestations tell it.
    pub(crate) fn report(&self) -> Value {
        let failure = self.failure();
        json!({
            "origin": self.origin,
            "organization_uuid": organization_of(&self.origin),
            "checkpoint": self.checkpoints.last().map(checkpoint_report),
            "watched_since": self.checkpoints.first().map(|first| first.accepted_at),
            "checked_at": self.check.as_ref().and_then(|check| check.checked_at),
            "rows": {
                "proven": self.count(State::Proven),
                "waiting": self.count(State::Waiting),
                "without_leaf": self.count(State::WithoutLeaf),
                "broken": self.count(State::Broken),
            },
            "leaves_not_kept": self.leaves_not_kept(),
            "breaks": self.breaks.iter().map(break_report).collect::<Vec<_>>(),
            "former": self.is_former(),
            "last_error": failure.map(|failure| json!({
                "kind": failure.kind,
                "message": failure.message,
                "hint": failure.hint,
                "request_id": failure.request_id,
                "at": failure.at,
            })),
        })
    }

    /// As `verify --json` tells it: each row as well, and what was computed.
    pub(crate) fn verdict(&self) -> Value {
        let mut report = self.report();
        let row = |(row, state, leaf): &(LoggedRow, State, Option<ProvenLeaf>)| {
            let under = leaf.as_ref().and_then(|leaf| self.proven_under(leaf));
            json!({
                "sequence": row.sequence,
                "created_at": row.created_at,
                "state": state.as_str(),
                "leaf_index": row.leaf_index,
                "proven_at": under.map(|(at, _)| at),
                "tree_size": under.map(|(_, size)| size),
                "waits_since": row.waits_since,
            })
        };
        report["checkpoints_verified"] = json!(self.checkpoints.len());
        report["differences"] = json!(self.differences);
        report["listed_rows"] = self.rows.iter().map(row).collect();
        for (told, found) in report["breaks"].as_array_mut().into_iter().flatten().zip(&self.breaks) {
            told["evidence"] = json!(found.told.evidence);
        }
        report
    }

    /// The lines of `status`; nothing of a log that is whole beyond the first.
    pub(crate) fn lines(&self, palette: Palette) -> Vec<String> {
        let mut lines = vec![self.headline(palette)];
        lines.extend(self.breaks.iter().flat_map(|found| break_lines(found, palette)));
        if self.open_breaks().next().is_some() {
            lines.push(format!("  hint: {HINT}"));
        }
        if let Some(failure) = self.failure() {
            let at = display::time(failure.at);
            lines.push(format!("  {} {} at {at}: {}", palette.bad("error"), failure.kind, failure.message));
            lines.push(format!("  hint: {}", failure.hint));
        }
        lines
    }

    fn headline(&self, palette: Palette) -> String {
        let name = palette.bold(&format!("transparency log {}", organization_of(&self.origin)));
        let mut parts = vec![format!("{} rows proven", self.count(State::Proven))];
        for (state, words) in [
            (State::Waiting, "waiting for the log"),
            (State::WithoutLeaf, "outside the log"),
            (State::Broken, "broken"),
        ] {
            match self.count(state) {
                0 => {}
                count => parts.push(format!("{count} {words}")),
            }
        }
        if let (Some(first), Some(last)) = (self.checkpoints.first(), self.checkpoints.last()) {
            let since = display::minute(first.accepted_at);
            parts.push(format!("append-only since {since} up to size {}", last.tree_size));
        } else {
            parts.push("no checkpoint yet".to_owned());
        }
        if self.is_former() {
            parts.push("of a former parent organization, which this key does not see".to_owned());
        }
        format!("  {name}: {}", parts.join(", "))
    }
}

fn checkpoint_report(checkpoint: &Checkpoint) -> Value {
    let parsed = LogCheckpoint::parse(&checkpoint.note).ok();
    json!({
        "tree_size": checkpoint.tree_size,
        "root": parsed.map(|parsed| hexadecimal(parsed.root())),
        "note": checkpoint.note,
        "key_fingerprint": LogKey::from_der(&checkpoint.public_key).map(|key| key.fingerprint()),
        "accepted_at": checkpoint.accepted_at,
        "link": checkpoint.link,
    })
}

/// What did not hold, and who looked into it.
fn break_lines(found: &LogBreak, palette: Palette) -> Vec<String> {
    let (told, at) = (&found.told, display::time(found.found_at));
    let about = told.sequence.map_or_else(String::new, |sequence| format!(", activity {sequence}"));
    let (word, kind) = match found.acknowledged {
        None => (palette.bad("transparency"), palette.bad(&told.kind)),
        Some(_) => (palette.notable("acknowledged"), palette.notable(&told.kind)),
    };
    let mut lines =
        vec![format!("  {word} {kind} since {at} (break {}{about}): {}", found.number, told.detail)];
    lines.extend(found.acknowledged.as_ref().map(|Acknowledgement { reason, by, at, .. }| {
        format!("    {} by {}: {}", display::time(*at), display::one_line(by), display::one_line(reason))
    }));
    lines
}

fn break_report(found: &LogBreak) -> Value {
    let acknowledged = found.acknowledged.as_ref().map(|Acknowledgement { reason, by, at, link }| {
        json!({ "reason": reason, "by": by, "at": at, "link": link })
    });
    json!({
        "number": found.number,
        "acknowledged": acknowledged,
        "kind": found.told.kind,
        "sequence": found.told.sequence,
        "detail": found.told.detail,
        "found_at": found.found_at,
        "link": found.link,
    })
}

/// Computes everything again that was kept of a log, and notes what does not hold. `trusted` are the fingerprints of keys that may
/// sign; of older checkpoints the key itself is enough, because the latest one commits to all that they did.
pub(crate) fn recompute(
    reader: &Reader,
    feed: FeedId,
    account: &mut Account,
    trusted: &[String],
) -> Result<()> {
    let mut differences = Vec::new();
    let mut known: HashMap<u64, LogCheckpoint> = HashMap::new();
    let mut before: Option<LogCheckpoint> = None;
    for kept in &account.checkpoints {
        match verified(kept, &account.origin, before.as_ref()) {
            Ok(checkpoint) => {
                known.insert(kept.number, checkpoint.clone());
                before = Some(checkpoint);
            }
            Err(what) => differences.push(format!("checkpoint {} that was kept: {what}", kept.number)),
        }
    }
    let last_key = account.checkpoints.last().and_then(|last| LogKey::from_der(&last.public_key));
    if let Some(key) = last_key.filter(|key| !key.is_among(trusted)) {
        differences.push(format!(
            "the latest checkpoint is signed by key {}, which is not trusted",
            key.fingerprint()
        ));
    }
    for (row, _, leaf) in &account.rows {
        let Some(leaf) = leaf else { continue };
        let filter = EntryFilter { feed: Some(feed), up_to: Some(row.sequence), ..EntryFilter::default() };
        let raw =
            reader.entries(row.sequence - 1, 1, &filter)?.pop().map(|entry| entry.raw).unwrap_or_default();
        let holds = LoggedActivity::read(&raw).is_ok_and(|read| {
            let under = known.get(&leaf.checkpoint);
            under.is_some_and(|under| under.includes(&read.entry, leaf.leaf_index, &leaf.path).is_ok())
        });
        if !holds {
            differences.push(format!("the proof of activity {} that was kept does not hold", row.sequence));
        }
    }
    account.differences = differences;
    Ok(())
}

/// A kept checkpoint whose signature holds and that extends the one before.
fn verified(
    kept: &Checkpoint,
    origin: &str,
    before: Option<&LogCheckpoint>,
) -> std::result::Result<LogCheckpoint, String> {
    let key = LogKey::from_der(&kept.public_key).ok_or("its key cannot be read")?;
    let checkpoint = LogCheckpoint::parse(&kept.note).map_err(|flaw| flaw.detail)?;
    checkpoint.verify(origin, &[key]).map_err(|flaw| flaw.detail)?;
    if checkpoint.size() != kept.tree_size {
        return Err("its size is not the one noted".to_owned());
    }
    if let Some(before) = before {
        checkpoint.extends(before, &kept.consistency).map_err(|flaw| flaw.detail)?;
    }
    Ok(checkpoint)
}
