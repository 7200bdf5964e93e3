//! Coverage algebra: sets of instants as half-open intervals. Pure; no clock, no storage.
//!
//! A [`Coverage`] is kept in one form only: sorted intervals that neither overlap nor touch. Two equal sets are
//! therefore equal values, and a gap is exactly what lies between two neighbours.

use jiff::Timestamp;

/// A half-open interval of time `[gte, lt)`; `gte < lt`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interval {
    /// First instant inside.
    pub gte: Timestamp,
    /// First instant after.
    pub lt: Timestamp,
}

impl Interval {
    /// The interval `[gte, lt)`; `None` when it would hold no instant.
    pub fn new(gte: Timestamp, lt: Timestamp) -> Option<Self> {
        (gte < lt).then_some(Self { gte, lt })
    }

    /// Whether the instant lies inside.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.gte <= instant && instant < self.lt
    }

    /// What both hold.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        Self::new(self.gte.max(other.gte), self.lt.min(other.lt))
    }
}

/// A set of instants, kept as sorted intervals that neither overlap nor touch.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Coverage {
    intervals: Vec<Interval>,
}

impl Coverage {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The intervals, in order of time, none overlapping or touching another.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Whether it holds no instant.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// The first instant held.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.intervals.first().map(|interval| interval.gte)
    }

    /// The first instant after everything held.
    pub fn latest(&self) -> Option<Timestamp> {
        self.intervals.last().map(|interval| interval.lt)
    }

    /// Adds an interval and returns the one that now holds it. An interval with `gte >= lt` holds nothing and is
    /// returned unchanged.
    pub fn insert(&mut self, interval: Interval) -> Interval {
        if interval.gte >= interval.lt {
            return interval;
        }
        let from = self.intervals.partition_point(|known| known.lt < interval.gte);
        let to = self.intervals.partition_point(|known| known.gte <= interval.lt);
        let joined = self.intervals[from..to].iter().fold(interval, |joined, known| Interval {
            gte: joined.gte.min(known.gte),
            lt: joined.lt.max(known.lt),
        });
        self.intervals.splice(from..to, [joined]);
        joined
    }

    /// Removes every instant of an interval.
    pub fn remove(&mut self, interval: Interval) {
        if interval.gte >= interval.lt {
            return;
        }
        let from = self.intervals.partition_point(|known| known.lt <= interval.gte);
        let to = self.intervals.partition_point(|known| known.gte < interval.lt);
        if from >= to {
            return;
        }
        let before = Interval::new(self.intervals[from].gte, interval.gte);
        let after = Interval::new(interval.lt, self.intervals[to - 1].lt);
        self.intervals.splice(from..to, before.into_iter().chain(after));
    }

    /// Whether the instant is held.
    pub fn contains(&self, instant: Timestamp) -> bool {
        let after = self.intervals.partition_point(|known| known.lt <= instant);
        self.intervals.get(after).is_some_and(|known| known.gte <= instant)
    }

    /// Whether every instant of the interval is held.
    pub fn covers(&self, interval: Interval) -> bool {
        let after = self.intervals.partition_point(|known| known.lt <= interval.gte);
        interval.gte >= interval.lt
            || self
                .intervals
                .get(after)
                .is_some_and(|known| known.gte <= interval.gte && interval.lt <= known.lt)
    }

    /// The interval that holds the instant.
    pub fn interval_at(&self, instant: Timestamp) -> Option<Interval> {
        let after = self.intervals.partition_point(|known| known.lt <= instant);
        self.intervals.get(after).copied().filter(|known| known.gte <= instant)
    }

    /// What the interval holds and this set does not, in order of time.
    pub fn gaps(&self, within: Interval) -> Vec<Interval> {
        let mut gaps = Vec::new();
        let mut open_from = within.gte;
        let first = self.intervals.partition_point(|known| known.lt <= within.gte);
        for known in &self.intervals[first..] {
            if known.gte >= within.lt {
                break;
            }
            gaps.extend(Interval::new(open_from, known.gte));
            open_from = known.lt;
        }
        gaps.extend(Interval::new(open_from, within.lt));
        gaps
    }

    /// What either holds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        for interval in &other.intervals {
            union.insert(*interval);
        }
        union
    }

    /// What this set holds and the other does not.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let intervals = self.intervals.iter().flat_map(|interval| other.gaps(*interval)).collect();
        Self { intervals }
    }
}

impl FromIterator<Interval> for Coverage {
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut coverage = Self::new();
        for interval in intervals {
            coverage.insert(interval);
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The naive model: the set of whole seconds held.
    const SPAN: i64 = 40;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn interval(gte: i64, lt: i64) -> Interval {
        Interval { gte: at(gte), lt: at(lt) }
    }

    fn seconds(coverage: &Coverage) -> BTreeSet<i64> {
        (-1..=SPAN + 1).filter(|second| coverage.contains(at(*second))).collect()
    }

    fn assert_canonical(coverage: &Coverage) {
        assert!(coverage.intervals().iter().all(|interval| interval.gte < interval.lt));
        assert!(
            coverage.intervals().windows(2).all(|pair| pair[0].lt < pair[1].gte),
            "touching: {coverage:?}"
        );
    }

    fn any_interval() -> impl Strategy<Value = (i64, i64)> {
        (0..SPAN, 0..SPAN)
    }

    #[test]
    fn touching_intervals_become_one() {
        let mut coverage = Coverage::new();
        assert_eq!(coverage.insert(interval(0, 10)), interval(0, 10));
        assert_eq!(coverage.insert(interval(20, 30)), interval(20, 30));
        assert_eq!(coverage.gaps(interval(0, 30)), [interval(10, 20)]);
        assert_eq!(coverage.insert(interval(10, 20)), interval(0, 30));
        assert_eq!(coverage.intervals(), [interval(0, 30)]);
        assert!(coverage.covers(interval(0, 30)) && !coverage.covers(interval(0, 31)));
        assert_eq!((coverage.earliest(), coverage.latest()), (Some(at(0)), Some(at(30))));
    }

    proptest! {
        #[test]
        fn equals_the_naive_model(steps in prop::collection::vec((any::<bool>(), any_interval()), 0..24), probe in any_interval()) {
            let mut coverage = Coverage::new();
            let mut model = BTreeSet::new();
            for (insert, (gte, lt)) in steps {
                if insert {
                    let joined = coverage.insert(interval(gte, lt));
                    model.extend(gte..lt);
                    prop_assert!(gte >= lt || coverage.intervals().contains(&joined));
                } else {
                    coverage.remove(interval(gte, lt));
                    model.retain(|second| !(gte..lt).contains(second));
                }
                assert_canonical(&coverage);
                prop_assert_eq!(&seconds(&coverage), &model);
            }
            let (gte, lt) = probe;
            let gaps: Coverage = coverage.gaps(interval(gte, lt)).into_iter().collect();
            prop_assert_eq!(gaps.intervals(), coverage.gaps(interval(gte, lt)), "gaps are sorted and apart");
            prop_assert_eq!(seconds(&gaps), (gte..lt).filter(|second| !model.contains(second)).collect::<BTreeSet<_>>());
            prop_assert_eq!(coverage.covers(interval(gte, lt)), (gte..lt).all(|second| model.contains(&second)));
            prop_assert_eq!(coverage.interval_at(at(gte)).is_some(), model.contains(&gte));
        }

        #[test]
        fn union_and_subtract_equal_the_naive_model(
            left in prop::collection::vec(any_interval(), 0..8),
            right in prop::collection::vec(any_interval(), 0..8),
        ) {
            let build = |list: &[(i64, i64)]| list.iter().map(|(gte, lt)| interval(*gte, *lt)).collect::<Coverage>();
            let (left, right) = (build(&left), build(&right));
            let (left_model, right_model) = (seconds(&left), seconds(&right));
            assert_canonical(&left.union(&right));
            assert_canonical(&left.subtract(&right));
            prop_assert_eq!(left.union(&right), right.union(&left));
            prop_assert_eq!(seconds(&left.union(&right)), &left_model | &right_model);
            prop_assert_eq!(seconds(&left.subtract(&right)), &left_model - &right_model);
        }
    }
}
