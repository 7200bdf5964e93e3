//! Whether coverage is gapless over a range: a statement about intervals that were drained, each with its evidence.

use jiff::Timestamp;
use ledger::{Coverage, FeedStatus, Gap, Interval, Reader};
use serde_json::{Value, json};

use super::Range;
use crate::{
    display::{self, Palette},
    error::{Exit, Failure, Result},
    selection,
};

const NOT_PLANNED: &str = "before the time since when the feed is meant to be complete";
const NOT_YET: &str = "after the end of the coverage: not fetched yet";
const NOT_FETCHED: &str = "not fetched to its end";

/// The coverage of one feed over the range asked for.
#[derive(Debug)]
pub(crate) struct FeedCoverage {
    pub(crate) name: String,
    /// The range; `None` when nothing was asked for and nothing is covered.
    pub(crate) range: Option<Interval>,
    /// What of the range is covered, in order.
    pub(crate) covered: Vec<Interval>,
    /// What of the range is not.
    pub(crate) gaps: Vec<Gap>,
}

/// The coverage of every feed, or of the one asked for.
pub(crate) fn judge(reader: &Reader, range: &Range) -> Result<Vec<FeedCoverage>> {
    if let (Some(from), Some(to)) = (range.from, range.to)
        && from >= to
    {
        return Err(Failure::new(Exit::Usage, format!("--from {from} is not before --to {to}"))
            .hint("--from is the older of the two"));
    }
    let wanted = range.feed.as_deref().map(|name| selection::find_feed(reader, name)).transpose()?;
    let feeds = reader.feeds()?.into_iter().filter(|feed| wanted.is_none_or(|wanted| feed.id == wanted));
    Ok(feeds.map(|feed| judge_feed(&feed, range.from, range.to)).collect())
}

fn judge_feed(feed: &FeedStatus, from: Option<Timestamp>, to: Option<Timestamp>) -> FeedCoverage {
    let coverage: Coverage = feed.coverage.iter().copied().collect();
    let start = [feed.planned_start, coverage.earliest()].into_iter().flatten().min();
    let range = match (from.or(start), to.or(coverage.latest())) {
        (Some(from), Some(to)) => Interval::new(from, to),
        _ => None,
    };
    let covered = |range: Interval| {
        coverage.intervals().iter().filter_map(|known| known.intersect(&range)).collect::<Vec<_>>()
    };
    FeedCoverage {
        name: feed.name.clone(),
        range,
        covered: range.map(covered).unwrap_or_default(),
        gaps: range.map(|range| gaps(&coverage, range, &feed.gaps)).unwrap_or_default(),
    }
}

/// What of the range is not covered, and why: as the ledger has it noted, else by where it lies.
fn gaps(coverage: &Coverage, range: Interval, noted: &[Gap]) -> Vec<Gap> {
    let reason = |gap: Interval| {
        let known = noted.iter().find(|known| known.interval.intersect(&gap).is_some());
        match (known, coverage.earliest(), coverage.latest()) {
            (Some(known), ..) => known.reason.clone(),
            (None, Some(earliest), _) if gap.lt <= earliest => NOT_PLANNED.to_owned(),
            (None, _, Some(latest)) if gap.gte >= latest => NOT_YET.to_owned(),
            _ => NOT_FETCHED.to_owned(),
        }
    };
    coverage.gaps(range).into_iter().map(|interval| Gap { interval, reason: reason(interval) }).collect()
}

/// The failure of the first gap, if there is any.
pub(crate) fn failure(feeds: &[FeedCoverage]) -> Option<Failure> {
    if let Some(empty) = feeds.iter().find(|feed| feed.range.is_none()) {
        let sentence = format!("feed {}: nothing is covered yet", empty.name);
        return Some(
            Failure::new(Exit::Finding, sentence).hint("start `claudetrail run` and let it catch up"),
        );
    }
    let gaps: usize = feeds.iter().map(|feed| feed.gaps.len()).sum();
    let (feed, first) = feeds.iter().find_map(|feed| feed.gaps.first().map(|gap| (feed, gap)))?;
    let more = if gaps > 1 { format!(", and {} more gaps", gaps - 1) } else { String::new() };
    let sentence = format!(
        "the coverage has a gap: feed {} from {} to {}: {}{more}",
        feed.name, first.interval.gte, first.interval.lt, first.reason
    );
    let backfill = backfill_command(&feed.name, first.interval);
    let hint = match first.reason.as_str() {
        NOT_PLANNED => format!("fetch it with `{backfill}`, or ask for a later --from"),
        NOT_YET => "`claudetrail run` fetches it; or ask for an earlier --to".to_owned(),
        _ => {
            format!(
                "`{backfill}` fetches it, and so does `claudetrail run`; `claudetrail status` names all gaps"
            )
        }
    };
    Some(Failure::new(Exit::Finding, sentence).hint(hint))
}

/// The command that fetches an interval, to be copied into a shell.
pub(crate) fn backfill_command(feed: &str, interval: Interval) -> String {
    let plain = feed.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character));
    let feed = if plain { feed.to_owned() } else { format!("'{}'", feed.replace('\'', r"'\''")) };
    format!("claudetrail backfill --feed {feed} --from {} --to {}", interval.gte, interval.lt)
}

impl FeedCoverage {
    pub(crate) fn is_complete(&self) -> bool {
        self.range.is_some() && self.gaps.is_empty()
    }

    /// As in `verify --json`.
    pub(crate) fn report(&self) -> Value {
        let gap = |gap: &Gap| json!({ "gte": gap.interval.gte, "lt": gap.interval.lt, "reason": gap.reason });
        json!({
            "feed": self.name,
            "from": self.range.map(|range| range.gte),
            "to": self.range.map(|range| range.lt),
            "complete": self.is_complete(),
            "covered": self.covered.iter().map(|known| json!({ "gte": known.gte, "lt": known.lt })).collect::<Vec<_>>(),
            "gaps": self.gaps.iter().map(gap).collect::<Vec<_>>(),
        })
    }

    /// `ok acme: coverage is gapless from … to …`.
    pub(crate) fn line(&self, palette: Palette) -> String {
        let name = palette.bold(&self.name);
        let Some(range) = self.range else {
            return format!("{} {name}: nothing covered yet", palette.bad("empty"));
        };
        let (from, to) = (display::time(range.gte), display::time(range.lt));
        match self.gaps.len() {
            0 => format!("{} {name}: coverage is gapless from {from} to {to}", palette.good("ok")),
            gaps => format!("{} {name}: {gaps} gaps from {from} to {to}", palette.bad("gaps")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is covered, the range, and the gaps with their reasons.
    type Case = (&'static [(i64, i64)], (i64, i64), &'static [(i64, i64, &'static str)]);

    fn interval(&(gte, lt): &(i64, i64)) -> Interval {
        let at = |second| Timestamp::from_second(second).unwrap();
        Interval { gte: at(gte), lt: at(lt) }
    }

    #[test]
    fn a_gap_is_named_with_its_reason() {
        let noted = [Gap { interval: interval(&(20, 30)), reason: "noted".to_owned() }];
        let cases: &[Case] = &[
            (&[(10, 50)], (20, 50), &[]),
            (&[(10, 50)], (5, 60), &[(5, 10, NOT_PLANNED), (50, 60, NOT_YET)]),
            (&[(10, 20), (30, 50)], (10, 50), &[(20, 30, "noted")]),
            (&[(10, 20), (35, 50)], (31, 40), &[(31, 35, NOT_FETCHED)]),
            (&[(10, 20), (30, 50)], (31, 40), &[]),
            (&[(10, 20), (30, 50)], (60, 70), &[(60, 70, NOT_YET)]),
            (&[], (1, 2), &[(1, 2, NOT_FETCHED)]),
        ];
        for (coverage, range, expected) in cases {
            let coverage: Coverage = coverage.iter().map(interval).collect();
            let gaps = gaps(&coverage, interval(range), &noted);
            let found: Vec<_> = gaps
                .iter()
                .map(|gap| (gap.interval.gte.as_second(), gap.interval.lt.as_second(), gap.reason.as_str()))
                .collect();
            assert_eq!(found, *expected, "{coverage:?} {range:?}");
            let judged = FeedCoverage {
                name: "acme".to_owned(),
                range: Some(interval(range)),
                covered: Vec::new(),
                gaps,
            };
            assert_eq!(judged.is_complete(), expected.is_empty());
            assert_eq!(failure(&[judged]).is_none(), expected.is_empty());
        }
    }

    #[test]
    fn the_command_of_a_hint_can_be_copied() {
        for (feed, quoted) in [("acme-eu.1", "acme-eu.1"), ("the feed", "'the feed'"), ("o'b", r"'o'\''b'")] {
            let expected = format!(
                "claudetrail backfill --feed {quoted} --from 1970-01-01T00:00:01Z --to 1970-01-01T00:00:02Z"
            );
            assert_eq!(backfill_command(feed, interval(&(1, 2))), expected);
        }
    }

    #[test]
    fn nothing_covered_is_not_complete() {
        let judged =
            FeedCoverage { name: "acme".to_owned(), range: None, covered: Vec::new(), gaps: Vec::new() };
        assert!(!judged.is_complete() && failure(&[judged]).is_some());
    }
}
