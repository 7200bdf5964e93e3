//! What is due of the vendor's transparency logs, and which rows a log should hold: decisions without I/O.
//!
//! Access Transparency rows stand in a log of their organization. The lane `lane::transparency` finds them in the ledger, asks for
//! checkpoints and proofs, and keeps what came of it; the mathematics are `feed`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use feed::{Flaw, FlawKind, LoggedActivity, is_logged, log_origin};
use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Entry, Interval, LogCheck, LoggedRow};
use serde::Deserialize;

/// How long a log may take to cover a row that the feed has shown. The vendor's own verifier waits as long.
pub(crate) const PATIENCE: Duration = Duration::from_hours(24);

/// How soon to look again for what a log does not cover yet.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// How much later than it was recorded a row may surface, and its leaf with it: two business days, a weekend, and a holiday or two.
const LATEST_LEAF: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The kind under which it is kept that a log is one of a parent organization whose key the feed has no more: no failure.
pub const FORMER_LOG: &str = "former";

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
    // Another parent's log is asked for as often as one's own: the key may come back.
    let checked_at =
        |check: &LogCheck| if is_former(check) { Some(check.tried_at) } else { check.checked_at };
    let Some(checked_at) = check.and_then(checked_at) else { return Duration::ZERO };
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

/// Whether the last check found that a log is one of a former parent organization.
pub(crate) fn is_former(check: &LogCheck) -> bool {
    check.failure.as_ref().is_some_and(|failure| failure.kind == FORMER_LOG)
}

/// Whether a row that names no place in its log may stand there nevertheless, with its place withheld.
///
/// A row of a time when nothing was logged is in no log. The log itself tells the two apart: it never skips a place. So a row that was
/// withheld leaves a place that none of the log's `rows` names, between those of its neighbours in time; where every place is named, there
/// is nothing that the row could have been. Places below the first known one are older than the trail, and places whose time is not
/// `covered` belong to rows that were not asked for: both accuse nobody. `size` is that of a log whose rows must have been seen by now.
pub(crate) fn may_be_withheld(row: &LoggedRow, rows: &[LoggedRow], size: u64, covered: &Coverage) -> bool {
    let mut places: Vec<(u64, Timestamp)> =
        rows.iter().filter_map(|other| Some((other.leaf_index?, other.created_at))).collect();
    let begun = places.iter().map(|(_, created_at)| *created_at).min();
    if row.leaf_index.is_some() || begun.is_none_or(|begun| row.created_at <= begun) {
        return false;
    }
    places.sort_unstable();
    let beyond = places.partition_point(|(index, _)| *index < size);
    let end = places.get(beyond).map(|(_, created_at)| *created_at).or(covered.latest());
    places.truncate(beyond);
    places.push((size, end.unwrap_or(Timestamp::MIN)));
    places.windows(2).any(|pair| {
        let ((before, from), (after, to)) = (pair[0], pair[1]);
        let is_covered = Interval::new(from, to).is_none_or(|between| covered.gaps(between).is_empty());
        let earliest = from.checked_sub(LATEST_LEAF).unwrap_or(Timestamp::MIN);
        let latest = to.checked_add(LATEST_LEAF).unwrap_or(Timestamp::MAX);
        after > before + 1 && is_covered && (earliest..=latest).contains(&row.created_at)
    })
}

/// The logs whose every row came under another parent organization than the present one: the present key may not see them.
pub(crate) fn former_logs(
    rows: &[LoggedRow],
    mut is_present: impl FnMut(&LoggedRow) -> Result<bool, ledger::Error>,
) -> Result<BTreeSet<String>, ledger::Error> {
    let mut present: BTreeMap<&str, bool> = BTreeMap::new();
    for row in rows {
        let Some(origin) = row.origin.as_deref() else { continue };
        let known = present.entry(origin).or_default();
        *known = *known || is_present(row)?;
    }
    let former = present.into_iter().filter(|(_, present)| !present);
    Ok(former.map(|(origin, _)| origin.to_owned()).collect())
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
        LogCheck { origin: log_origin(UUID).unwrap(), tried_at: at(0), checked_at, failure: None }
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
        let failure = Failure {
            at: at(10),
            kind: FORMER_LOG.to_owned(),
            message: String::new(),
            hint: String::new(),
            request_id: None,
        };
        let former = LogCheck { tried_at: at(10), failure: Some(failure), ..check(Some(at(0))) };
        assert_eq!(due_in(Some(&former), false, DAY, at(30)), hours(4), "as often as one's own");
    }

    #[test]
    fn a_row_without_a_place_is_suspicious_where_the_log_has_a_place_without_a_row() {
        let week = 7 * 24;
        let (first, second) = (row(1, Some(3), 0), row(2, Some(4), 10 * week));
        let covered = |intervals: &[(i64, i64)]| -> Coverage {
            intervals.iter().map(|(gte, lt)| Interval { gte: at(*gte), lt: at(*lt) }).collect()
        };
        let whole = covered(&[(-week, 20 * week)]);
        let later = |index| LoggedRow { leaf_index: Some(index), ..second.clone() };
        for (hour, rows, size, covered, expected) in [
            // Every place has its row: it was recorded while nothing was logged, and so before the log's first entry.
            (5 * week, vec![&first, &second], 5, &whole, false),
            (15 * week, vec![&first, &second], 5, &whole, false),
            (-1, vec![&first, &second], 9, &whole, false),
            // Place 4, or place 5, has none.
            (5 * week, vec![&first, &later(5)], 6, &whole, true),
            (15 * week, vec![&first, &second], 6, &whole, true),
            // It has none, and at quite another time.
            (5 * week, vec![&first, &second], 6, &whole, false),
            (9 * week + 1, vec![&first, &second], 6, &whole, true),
            // Its row was not asked for.
            (5 * week, vec![&first, &later(5)], 6, &covered(&[(-week, week), (2 * week, 20 * week)]), false),
            // Nothing is known of a log.
            (5 * week, vec![], 6, &whole, false),
        ] {
            let unplaced = row(9, None, hour);
            let rows: Vec<LoggedRow> = rows.into_iter().chain([&unplaced]).cloned().collect();
            let found = may_be_withheld(&unplaced, &rows, size, covered);
            assert_eq!(found, expected, "{hour} {rows:#?} {size} {covered:?}");
            assert!(!may_be_withheld(&first, &rows, size, covered), "it names its place");
        }
    }

    #[test]
    fn a_log_is_former_when_none_of_its_rows_is_of_the_present_parent() {
        let other = log_origin("0a1b2c3d-0000-4000-8000-00000000000a");
        let rows =
            [row(1, Some(0), 1), row(2, None, 2), LoggedRow { origin: other.clone(), ..row(3, None, 3) }];
        let former = |present: &[u64]| former_logs(&rows, |row| Ok(present.contains(&row.sequence))).unwrap();
        assert_eq!(former(&[1, 3]), BTreeSet::new());
        assert_eq!(former(&[2]), other.iter().cloned().collect());
        assert_eq!(former(&[]).len(), 2);
    }

    #[test]
    fn the_log_may_take_a_day_to_cover_a_row() {
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
