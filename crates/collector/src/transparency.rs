//! What is due of the vendor's transparency logs, and which rows a log should hold: decisions without I/O.
//!
//! Access Transparency rows stand in a log of their organization. The lane `lane::transparency` finds them in the ledger, asks for
//! checkpoints and proofs, and keeps what came of it; the mathematics are `feed`'s.

use std::{collections::BTreeSet, time::Duration};

use feed::{Flaw, FlawKind, LoggedActivity, is_logged, log_origin};
use jiff::{SignedDuration, Timestamp};
use ledger::{Entry, LogCheck, LoggedRow};
use serde::Deserialize;

/// How long a log may take to cover a row that the feed has shown. The vendor's own verifier waits as long.
pub(crate) const PATIENCE: Duration = Duration::from_hours(24);

/// How soon to look again for what a log does not cover yet.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// What one feed's logs are checked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransparencySettings {
    /// From one check of a log to the next.
    pub interval: Duration,
    /// UUIDs of organizations whose logs are checked, whether the feed has shown rows of theirs or not.
    pub organizations: Vec<String>,
    /// SHA-256 fingerprints, in hexadecimal, of the keys that may sign checkpoints.
    pub trusted_keys: Vec<String>,
}

/// The logs to check: those that the settings name and those that rows belong to.
pub(crate) fn origins(settings: &TransparencySettings, rows: &[LoggedRow]) -> BTreeSet<String> {
    let named = settings.organizations.iter().filter_map(|uuid| log_origin(uuid));
    named.chain(rows.iter().filter_map(|row| row.origin.clone())).collect()
}

/// How long until a log is to be checked; zero when it is due. A clock that was set back makes it due.
pub(crate) fn due_in(check: Option<&LogCheck>, waits: bool, interval: Duration, now: Timestamp) -> Duration {
    let Some(checked_at) = check.and_then(|check| check.checked_at) else { return Duration::ZERO };
    let interval = if waits { interval.min(LOOK_AGAIN) } else { interval };
    match Duration::try_from(now.duration_since(checked_at)) {
        Ok(age) => interval.saturating_sub(age),
        Err(_) => Duration::ZERO,
    }
}

/// Whether a log has been silent about a row for too long.
pub(crate) fn is_overdue(row: &LoggedRow, now: Timestamp) -> bool {
    let patience = SignedDuration::try_from(PATIENCE).unwrap_or(SignedDuration::MAX);
    row.waits_since.is_some_and(|since| now.duration_since(since) >= patience)
}

/// Whether a row without a place in the log should have one: it was recorded after another one that has.
pub(crate) fn lacks_leaf(row: &LoggedRow, rows: &[LoggedRow]) -> bool {
    let same_log = rows.iter().filter(|other| other.origin == row.origin && other.leaf_index.is_some());
    let begun = same_log.map(|other| other.created_at).min();
    row.leaf_index.is_none() && begun.is_some_and(|begun| row.created_at > begun)
}

/// The row of an activity that should stand in a log; `None` for every other activity. One that cannot be read, or names no
/// organization, is a row without a log: [`unplaced`] says why.
pub(crate) fn logged_row(entry: &Entry) -> Option<LoggedRow> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        activity_type: String,
    }
    let is_one = match serde_json::from_slice::<Typed>(&entry.raw) {
        Ok(typed) => is_logged(&typed.activity_type),
        // What can be read in two ways must not pass as something else.
        Err(_) => ["\"anthropic_access\"", "\"cmek_preserve\""]
            .iter()
            .any(|name| holds(&entry.raw, name.as_bytes())),
    };
    if !is_one {
        return None;
    }
    let read = LoggedActivity::read(&entry.raw).ok();
    let (uuid, leaf_index) = read.map_or((None, None), |read| (read.organization_uuid, read.leaf_index));
    Some(LoggedRow {
        sequence: entry.sequence,
        origin: uuid.as_deref().and_then(log_origin),
        leaf_index,
        created_at: entry.created_at,
        waits_since: None,
    })
}

/// Why a row has no log.
pub(crate) fn unplaced(activity: &[u8]) -> Flaw {
    match LoggedActivity::read(activity) {
        Err(flaw) => flaw,
        Ok(_) => Flaw::new(FlawKind::UnreadableRow, "no leaf can be made of it: it names no organization"),
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use ledger::{Failure, FeedId};

    use super::*;

    const UUID: &str = "25f6429a-3293-49bf-afed-cb312911554b";
    const DAY: Duration = Duration::from_hours(24);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hour * 3_600).unwrap()
    }

    fn row(sequence: u64, leaf_index: Option<u64>, hour: i64) -> LoggedRow {
        LoggedRow { sequence, origin: log_origin(UUID), leaf_index, created_at: at(hour), waits_since: None }
    }

    fn check(checked_at: Option<Timestamp>) -> LogCheck {
        LogCheck { origin: log_origin(UUID).unwrap(), tried_at: at(0), checked_at, failure: None::<Failure> }
    }

    #[test]
    fn a_log_is_due_after_its_interval_and_sooner_while_rows_wait() {
        let hours = Duration::from_hours;
        for (checked_at, waits, now, expected) in [
            (None, false, 0, hours(0)),
            (Some(0), false, 0, hours(24)),
            (Some(0), false, 23, hours(1)),
            (Some(0), false, 24, hours(0)),
            (Some(0), true, 0, hours(1)),
            (Some(0), true, 2, hours(0)),
            (Some(50), false, 0, hours(0)),
        ] {
            let check = check(checked_at.map(at));
            assert_eq!(due_in(Some(&check), waits, DAY, at(now)), expected, "{checked_at:?} {waits} {now}");
        }
        assert_eq!(due_in(None, false, DAY, at(0)), Duration::ZERO);
    }

    #[test]
    fn rows_before_the_log_need_no_leaf_and_those_after_its_first_do() {
        let rows = [row(1, None, 1), row(2, Some(0), 2), row(3, None, 3), row(4, Some(1), 4)];
        let lacking: Vec<u64> =
            rows.iter().filter(|row| lacks_leaf(row, &rows)).map(|row| row.sequence).collect();
        assert_eq!(lacking, [3]);
        assert!(!lacks_leaf(&rows[2], &rows[..1]), "nothing is known of a log");
        let mut waiting = row(5, Some(9), 1);
        assert!(!is_overdue(&waiting, at(100)));
        waiting.waits_since = Some(at(1));
        assert_eq!([24, 25].map(|hour| is_overdue(&waiting, at(hour))), [false, true]);
    }

    #[test]
    fn rows_are_told_from_other_activities_however_they_are_written() {
        let settings = TransparencySettings {
            interval: DAY,
            organizations: vec!["0A1B2C3D-0000-4000-8000-00000000000A".to_owned(), "no uuid".to_owned()],
            trusted_keys: Vec::new(),
        };
        let found: BTreeSet<String> = origins(&settings, &[row(1, None, 1)]);
        let expected = ["axt.anthropic.com/0a1b2c3d-0000-4000-8000-00000000000a", &log_origin(UUID).unwrap()];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        let logged = log_origin(UUID);
        for (raw, expected) in [
            (r#"{"type":"claude_chat_created","text":"anthropic_access"}"#.to_owned(), None),
            (
                format!(
                    r#"{{"type":"anthropic_access","organization_uuid":"{UUID}","transparency_log_leaf_index":4}}"#
                ),
                Some((logged.clone(), Some(4))),
            ),
            (
                format!(r#"{{"type":"cmek\u005fpreserve","organization_uuid":"{}"}}"#, UUID.to_uppercase()),
                Some((logged, None)),
            ),
            (r#"{"type":"cmek_preserve"}"#.to_owned(), Some((None, None))),
            (r#"{"type":"cmek_preserve","type":"claude_chat_created"}"#.to_owned(), Some((None, None))),
            ("no JSON".to_owned(), None),
        ] {
            let entry = Entry {
                sequence: 7,
                feed: feed_id(),
                id: "a".to_owned(),
                created_at: at(1),
                first_seen: at(2),
                page: 1,
                own_read: false,
                raw: raw.clone().into_bytes(),
            };
            let row = logged_row(&entry);
            assert_eq!(row.map(|row| (row.origin, row.leaf_index)), expected, "{raw}");
        }
        assert_eq!(unplaced(b"{\"type\":\"cmek_preserve\"}").kind, FlawKind::UnreadableRow);
    }

    fn feed_id() -> FeedId {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ledger.sqlite");
        let mut ledger = ledger::Ledger::open(&path, ledger::Options::default()).unwrap();
        ledger.register_feed("acme", "scope", at(0)).unwrap()
    }
}
