//! What of a stretch of time is complete: the strip under every histogram.
//!
//! The answer covers the whole stretch, without holes and in order, so that nothing can look complete by being left out.

use axum::{Json, extract::State};
use jiff::Timestamp;
use ledger::{FeedStatus, Interval};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{app::App, error::ApiError, extract::Parameters, question};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    from: String,
    to: String,
    time_zone: Option<String>,
}

/// The coverage of every feed within a range.
pub(crate) async fn coverage(
    State(app): State<App>,
    Parameters(range): Parameters<Range>,
) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    let zone = question::zone(range.time_zone.as_deref())?;
    let (from, to) = (question::begin(&range.from, now, &zone)?, question::end(&range.to, now, &zone)?);
    let range = Interval::new(from, to)
        .ok_or_else(|| ApiError::bad_request(format!("from {from} is not before to {to}")))?;
    let feeds = app.readers.with(|reader| Ok(reader.feeds()?)).await?;
    let feeds: Vec<Value> = feeds
        .iter()
        .map(|feed| json!({ "name": feed.name, "intervals": segments(feed, range, now) }))
        .collect();
    Ok(Json(json!({ "feeds": feeds })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Completeness {
    /// Drained to the end: everything there is, is here.
    Complete,
    /// So recent that rows may still become visible, or not asked for yet.
    Unsettled,
    /// Missing.
    Gap,
    /// Before the trail begins, or in the future.
    Outside,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Segment {
    gte: Timestamp,
    lt: Timestamp,
    state: Completeness,
    reason: Option<String>,
}

/// The stretch cut into what is complete, not settled, missing, and outside the trail.
fn segments(feed: &FeedStatus, range: Interval, now: Timestamp) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut at = range.gte;
    let mut put = |until: Timestamp, state: Completeness, reason: Option<&str>| {
        let until = until.min(range.lt);
        if until > at {
            let reason = reason.map(str::to_owned);
            segments.push(Segment { gte: at, lt: until, state, reason });
            at = until;
        }
    };
    let covered = &feed.coverage;
    let begin = feed.planned_start.or(covered.first().map(|first| first.gte)).unwrap_or(now);
    let begin = covered.first().map_or(begin, |first| begin.min(first.gte));
    put(begin, Completeness::Outside, Some("before this trail begins"));
    let mut ends: Vec<(Timestamp, Timestamp, Completeness, Option<&str>)> =
        covered.iter().map(|interval| (interval.gte, interval.lt, Completeness::Complete, None)).collect();
    ends.extend(
        feed.gaps
            .iter()
            .map(|gap| (gap.interval.gte, gap.interval.lt, Completeness::Gap, Some(gap.reason.as_str()))),
    );
    ends.sort_by_key(|(gte, ..)| *gte);
    for (gte, lt, state, reason) in ends {
        put(gte, Completeness::Gap, Some("not collected yet"));
        put(lt, state, reason);
    }
    match &feed.last_error {
        Some(failure) => put(now, Completeness::Gap, Some(&format!("not collected: {}", failure.message))),
        None => put(now, Completeness::Unsettled, Some("recent: rows may still become visible")),
    }
    put(range.lt, Completeness::Outside, Some("in the future"));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn interval(gte: i64, lt: i64) -> Interval {
        Interval::new(at(gte), at(lt)).unwrap()
    }

    fn feed(coverage: &[(i64, i64)], gaps: &[(i64, i64)], error: bool) -> FeedStatus {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let mut ledger = ledger::Ledger::open(&path, ledger::Options::default()).unwrap();
        ledger.register_feed("acme", "scope", at(0)).unwrap();
        let mut feed = ledger::Reader::open(&path).unwrap().feeds().unwrap().remove(0);
        feed.planned_start = Some(at(10));
        feed.coverage = coverage.iter().map(|(gte, lt)| interval(*gte, *lt)).collect();
        feed.gaps = gaps
            .iter()
            .map(|(gte, lt)| ledger::Gap { interval: interval(*gte, *lt), reason: "outage".into() })
            .collect();
        feed.last_error = error.then(|| ledger::Failure {
            at: at(90),
            kind: "x".into(),
            message: "refused".into(),
            hint: String::new(),
            request_id: None,
        });
        feed
    }

    #[test]
    fn the_stretch_is_covered_without_holes() {
        use Completeness::{Complete, Gap, Outside, Unsettled};
        type Pairs = &'static [(i64, i64)];
        type Case = (Pairs, Pairs, bool, (i64, i64), &'static [(i64, i64, Completeness)]);
        let cases: &[Case] = &[
            (
                &[(10, 80)],
                &[],
                false,
                (0, 120),
                &[(0, 10, Outside), (10, 80, Complete), (80, 100, Unsettled), (100, 120, Outside)],
            ),
            (&[(10, 80)], &[], true, (20, 100), &[(20, 80, Complete), (80, 100, Gap)]),
            (
                &[(10, 30), (50, 80)],
                &[(30, 50)],
                false,
                (20, 60),
                &[(20, 30, Complete), (30, 50, Gap), (50, 60, Complete)],
            ),
            (&[(20, 80)], &[], false, (0, 80), &[(0, 10, Outside), (10, 20, Gap), (20, 80, Complete)]),
            (&[], &[], false, (0, 100), &[(0, 10, Outside), (10, 100, Unsettled)]),
        ];
        for (coverage, gaps, error, (from, to), expected) in cases {
            let found: Vec<_> = segments(&feed(coverage, gaps, *error), interval(*from, *to), at(100))
                .into_iter()
                .map(|segment| (segment.gte.as_second(), segment.lt.as_second(), segment.state))
                .collect();
            assert_eq!(found, *expected, "{coverage:?} {gaps:?}");
            assert_eq!(found.first().map(|first| first.0), Some(*from));
            assert_eq!(found.last().map(|last| last.1), Some(*to));
        }
    }
}
