//! Which covered stretch to ask for again, and which a drain has asked for again. Pure: no clock, no storage.
//!
//! Each configured age is one *pass*: every covered moment is asked for again once it is that old. A pass of two days or more
//! counts weekdays only, because the vendor's own lag is told in business days: an access on a Friday may surface on the
//! Tuesday. So 72 hours from a Friday noon end on the Wednesday.
//!
//! A drain serves every pass whose age its moments had reached when it began, whatever it was made for. What was asked again
//! at a greater age need not be asked at a lesser one.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Interval};

use crate::windows::{aligned, before};

/// Passes of this age and more count weekdays only.
const BUSINESS_AGE: Duration = Duration::from_hours(48);

/// The longest stretch that a pass collects before it asks. Shorter passes collect a quarter of their age.
const LONGEST_BATCH: Duration = Duration::from_hours(1);

/// The longest window of a pass that has fallen behind.
const LONGEST_WINDOW: Duration = Duration::from_hours(24);

const DAY_SECONDS: i64 = 86_400;

/// The ages at which covered time is asked for again, and what was asked for at each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reconciliation {
    ages: Vec<Duration>,
    asked: BTreeMap<Duration, Coverage>,
}

impl Reconciliation {
    /// `asked` is what the ledger remembers, by age.
    pub(crate) fn new(ages: &[Duration], asked: BTreeMap<Duration, Coverage>) -> Self {
        let mut ages: Vec<Duration> = ages.to_vec();
        ages.sort_unstable();
        ages.dedup();
        Self { ages, asked }
    }

    /// The stretch to ask for next: of the eldest pass that has a batch to ask, the oldest part.
    pub(crate) fn due(&self, coverage: &Coverage, now: Timestamp) -> Option<Interval> {
        self.ages.iter().rev().find_map(|age| {
            let aged = boundary(now, *age);
            let left = self.left(*age, coverage, aged);
            let oldest = *left.intervals().first()?;
            let batch = (*age / 4).min(LONGEST_BATCH);
            // A stretch that ends elsewhere than at the boundary will not grow: it is due at once.
            let whole = oldest.lt < aged || before(oldest.lt, batch) >= oldest.gte;
            whole.then(|| Interval { lt: oldest.lt.min(after_window(oldest.gte)), ..oldest })
        })
    }

    /// How long until something may be due.
    pub(crate) fn pause(&self) -> Duration {
        let shortest = self.ages.first().copied().unwrap_or(LONGEST_BATCH);
        (shortest / 8).clamp(Duration::from_secs(1), Duration::from_mins(5))
    }

    /// What a drain of `interval` that began at `began` asked for at each age. Empty when its moments were too young for every pass.
    pub(crate) fn served(&self, interval: Interval, began: Timestamp) -> Vec<(Duration, Interval)> {
        let served = self.ages.iter().filter_map(|age| {
            let aged = interval.lt.min(boundary(began, *age));
            Some((*age, Interval::new(interval.gte, aged)?))
        });
        served.collect()
    }

    /// Takes note of what was served.
    pub(crate) fn note(&mut self, served: &[(Duration, Interval)]) {
        for (age, interval) in served {
            self.asked.entry(*age).or_default().insert(*interval);
        }
    }

    /// What is covered, old enough, and was not asked for at this age or a greater one.
    fn left(&self, age: Duration, coverage: &Coverage, aged: Timestamp) -> Coverage {
        let mut left = coverage.clone();
        left.remove(Interval { gte: aged, lt: Timestamp::MAX });
        let asked = self.asked.range(age..).map(|(_, asked)| asked);
        asked.fold(left, |left, asked| left.subtract(asked))
    }
}

/// How far one pass has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// At which age covered time is asked for again.
    pub age: Duration,
    /// Everything before this moment is old enough.
    pub due_until: Timestamp,
    /// What is covered, old enough, and was not asked for again yet.
    pub left: Coverage,
}

/// How far each pass has come, of what the ledger remembers; the youngest first.
pub fn passes(
    ages: &[Duration],
    asked: BTreeMap<Duration, Coverage>,
    coverage: &Coverage,
    now: Timestamp,
) -> Vec<Pass> {
    let plan = Reconciliation::new(ages, asked);
    let pass = |age: &Duration| {
        let due_until = boundary(now, *age);
        Pass { age: *age, due_until, left: plan.left(*age, coverage, due_until) }
    };
    plan.ages.iter().map(pass).collect()
}

fn after_window(gte: Timestamp) -> Timestamp {
    crate::windows::after(gte, LONGEST_WINDOW)
}

/// The latest moment that is of an age at `now`.
pub(crate) fn boundary(now: Timestamp, age: Duration) -> Timestamp {
    if age < BUSINESS_AGE {
        return aligned(before(now, age));
    }
    let mut left = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    let mut moment = now;
    loop {
        let seconds = moment.as_second().saturating_sub(1).div_euclid(DAY_SECONDS) * DAY_SECONDS;
        let Ok(midnight) = Timestamp::from_second(seconds) else { return moment };
        if is_weekday(midnight) {
            let part = moment.duration_since(midnight);
            if part >= left {
                return aligned(moment.checked_sub(left).unwrap_or(Timestamp::MIN));
            }
            left -= part;
        }
        if midnight >= moment {
            return moment;
        }
        moment = midnight;
    }
}

/// 1970-01-01 was a Thursday.
fn is_weekday(midnight: Timestamp) -> bool {
    let days = midnight.as_second().div_euclid(DAY_SECONDS);
    (days + 3).rem_euclid(7) < 5
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN_MINUTES: Duration = Duration::from_mins(10);
    const DAY: Duration = Duration::from_hours(24);
    const LAST: Duration = Duration::from_hours(72);

    /// Seconds from Monday, 2026-11-23, 00:00 UTC.
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_392_000 + seconds).unwrap()
    }

    fn interval(gte: i64, lt: i64) -> Interval {
        Interval { gte: at(gte), lt: at(lt) }
    }

    fn coverage(intervals: &[(i64, i64)]) -> Coverage {
        intervals.iter().map(|(gte, lt)| interval(*gte, *lt)).collect()
    }

    fn day(day: i64, hour: i64) -> i64 {
        day * DAY_SECONDS + hour * 3_600
    }

    #[test]
    fn two_days_and_more_are_weekdays() {
        assert_eq!(at(0).to_string(), "2026-11-23T00:00:00Z");
        let hours = Duration::from_hours;
        let table = [
            (day(3, 12), hours(72), day(0, 12), "Thursday noon: since Monday noon"),
            (day(7, 12), hours(72), day(2, 12), "the next Monday: since Wednesday"),
            (day(9, 12), hours(72), day(4, 12), "Wednesday: since Friday"),
            (day(6, 12), hours(72), day(2, 0), "Sunday: the weekend does not count"),
            (day(5, 12), hours(72), day(2, 0), "nor does Saturday"),
            (day(7, 0), hours(72), day(2, 0), "midnight belongs to the day before"),
            (day(8, 0), hours(48), day(4, 0), "two days"),
            (day(7, 12), hours(24), day(6, 12), "a day is a day"),
            (day(14, 12), hours(240), day(0, 12), "two weeks"),
        ];
        for (now, age, expected, what) in table {
            assert_eq!(boundary(at(now), age), at(expected), "{what}");
        }
    }

    #[test]
    fn each_pass_asks_in_batches_and_the_eldest_first() {
        let covered = coverage(&[(0, 100_000)]);
        let mut plan = Reconciliation::new(&[DAY, TEN_MINUTES], BTreeMap::new());
        assert_eq!(plan.due(&covered, at(600 + 149)), None, "not a batch yet");
        assert_eq!(plan.due(&covered, at(600 + 150)), Some(interval(0, 150)));
        let served = plan.served(interval(0, 150), at(750));
        assert_eq!(served, [(TEN_MINUTES, interval(0, 150))]);
        plan.note(&served);
        assert_eq!(plan.due(&covered, at(751)), None);
        assert_eq!(plan.due(&covered, at(600 + 10_000)), Some(interval(150, 10_000)), "what fell behind");
        let now = at(86_400 + 3_600);
        assert_eq!(plan.due(&covered, now), Some(interval(0, 3_600)), "the eldest pass first");
        plan.note(&plan.served(interval(0, 3_600), now));
        assert_eq!(
            plan.due(&covered, now),
            Some(interval(3_600, 89_400)),
            "which the younger need not repeat"
        );
    }

    #[test]
    fn each_pass_tells_how_far_it_came() {
        let asked =
            BTreeMap::from([(TEN_MINUTES, coverage(&[(0, 50_000)])), (DAY, coverage(&[(0, 10_000)]))]);
        let told = passes(&[DAY, TEN_MINUTES], asked, &coverage(&[(0, 100_000)]), at(100_000));
        let expected = [
            Pass { age: TEN_MINUTES, due_until: at(99_400), left: coverage(&[(50_000, 99_400)]) },
            Pass { age: DAY, due_until: at(13_600), left: coverage(&[(10_000, 13_600)]) },
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_closed_stretch_is_due_at_once_and_nothing_without_passes() {
        let plan = Reconciliation::new(&[TEN_MINUTES], BTreeMap::new());
        assert_eq!(plan.due(&coverage(&[(0, 10)]), at(611)), Some(interval(0, 10)));
        assert_eq!(plan.due(&coverage(&[(0, 10)]), at(605)), None);
        let none = Reconciliation::new(&[], BTreeMap::new());
        assert_eq!(none.due(&coverage(&[(0, 1_000_000)]), at(2_000_000)), None);
        assert!(none.served(interval(0, 10), at(1_000_000)).is_empty());
    }

    proptest! {
        /// The boundary moves on with the time, and no moment before it is younger than the age.
        #[test]
        fn boundaries_are_in_order(now in 0..4_000_000_i64, later in 0..400_000_i64, hours in 0..300_u64) {
            let age = Duration::from_hours(hours);
            let (first, second) = (boundary(at(now), age), boundary(at(now + later), age));
            prop_assert!(first <= second);
            prop_assert!(first <= before(at(now), age));
            prop_assert!(first >= before(at(now), age * 2 + Duration::from_hours(72)));
        }

        /// Whatever was asked before, asking for what is due comes to an end with everything old enough asked at every age.
        #[test]
        fn what_is_due_is_asked_once(
            covered in prop::collection::vec((0..500_000_i64, 1..100_000_i64), 1..6),
            now in 300_000..1_500_000_i64,
        ) {
            let covered: Coverage = covered.iter().map(|(gte, length)| interval(*gte, gte + length)).collect();
            let mut plan = Reconciliation::new(&[TEN_MINUTES, DAY, LAST], BTreeMap::new());
            let mut asked = Coverage::new();
            for turn in 0.. {
                prop_assert!(turn < 200, "it must end");
                let Some(due) = plan.due(&covered, at(now)) else { break };
                prop_assert!(covered.covers(due));
                asked.insert(due);
                plan.note(&plan.served(due, at(now)));
            }
            for age in [TEN_MINUTES, DAY, LAST] {
                let left = plan.left(age, &covered, boundary(at(now), age));
                let batch = (age / 4).min(LONGEST_BATCH);
                prop_assert!(left.intervals().len() <= 1, "{left:?}");
                for open in left.intervals() {
                    prop_assert!(open.lt == boundary(at(now), age) && before(open.lt, batch) < open.gte, "{open:?}");
                }
            }
        }
    }
}
