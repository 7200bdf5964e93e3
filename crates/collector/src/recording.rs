//! Whether activities are recorded, as far as rows say: the newest row about that switch of each organization.
//!
//! The past is fetched newest first and in pieces side by side, so a row that says "off" may be seen before or long after the one that says
//! "on" again. Hence two rules. Rows are ordered by the time at which they happened, whenever they were seen, and what they said is
//! remembered over a restart. And "off" counts only when all the time since then is covered: in a stretch that was not fetched, the switch may
//! have been turned on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::Coverage;
use serde::{Deserialize, Serialize};

/// The switch of each organization; a row that names none counts for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Recording(BTreeMap<String, Switched>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Switched {
    at: Timestamp,
    on: bool,
}

impl Recording {
    /// As it was kept; nothing, when it cannot be read.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A row says that an organization's recording was switched.
    pub(crate) fn note(&mut self, organization: String, at: Timestamp, on: bool) {
        let said = self.0.entry(organization).or_insert(Switched { at, on });
        if said.at <= at {
            *said = Switched { at, on };
        }
    }

    /// Since when an organization is not recorded, the latest if there are several; `None` while it may have been switched on since.
    pub(crate) fn off_since(&self, coverage: &Coverage) -> Option<Timestamp> {
        let latest = coverage.latest()?;
        let known_since = |at: Timestamp| {
            at >= latest || coverage.interval_at(at).is_some_and(|interval| interval.lt == latest)
        };
        self.0.values().filter(|said| !said.on && known_since(said.at)).map(|said| said.at).max()
    }
}

#[cfg(test)]
mod tests {
    use ledger::Interval;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 3_600 * hour).unwrap()
    }

    #[test]
    fn off_is_believed_when_nothing_later_says_on_and_nothing_later_is_unknown() {
        let covered = |intervals: &[(i64, i64)]| -> Coverage {
            intervals.iter().map(|(gte, lt)| Interval { gte: at(*gte), lt: at(*lt) }).collect()
        };
        let (off, on) = (("a", 10, false), ("a", 12, true));
        for (rows, intervals, expected) in [
            (&[off][..], &[(0, 20)][..], Some(10)),
            (&[off, on], &[(0, 20)], None),
            (&[on, off], &[(0, 20)], None),
            (&[off], &[(0, 11), (15, 20)], None),
            (&[off], &[(15, 20)], None),
            (&[off], &[(0, 5), (9, 20)], Some(10)),
            (&[off], &[(0, 9)], Some(10)),
            (&[off], &[], None),
            (&[off, ("b", 12, true)], &[(0, 20)], Some(10)),
            (&[off, ("b", 12, false)], &[(0, 20)], Some(12)),
            (&[off, on, ("b", 12, false), ("b", 13, true)], &[(0, 20)], None),
        ] {
            let mut recording = Recording::default();
            for (organization, hour, on) in rows {
                recording.note((*organization).to_owned(), at(*hour), *on);
            }
            assert_eq!(Recording::read(&recording.text()), recording, "kept and read again");
            let found = recording.off_since(&covered(intervals));
            assert_eq!(found, expected.map(at), "{rows:?} {intervals:?}");
        }
        assert_eq!(Recording::read("odd"), Recording::default());
    }
}
