//! How a stretch that is missing is cut into shards that are fetched side by side. Pure: no clock, no storage.
//!
//! The newest part comes first. A shard's length follows the crowd: from the shards that are done, so that one holds about
//! [`PAGES_PER_SHARD`] pages, growing at most fourfold from one to the next. A shard that turns out more crowded than that is
//! cut short where it stands (see [`cut`]), and what is left of it becomes shards of its own. How many are under way at once
//! follows the crowd as well: few while shards are a page each, and up to [`MOST_SHARDS`] where there is much to fetch.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Interval};

use crate::windows::{after, aligned, before};

/// Pages that a shard should hold: enough that its half-empty last page weighs little, and few enough that a kill costs little.
pub(crate) const PAGES_PER_SHARD: u32 = 8;

/// Shards under way at once. The API answers in one to five seconds, and ten a second is all it allows.
pub(crate) const MOST_SHARDS: usize = 48;

/// Shards under way at first.
const FIRST_SHARDS: usize = 2;

/// Bounds of a shard's length.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// By how much a shard may be longer than the one before it.
const GROWTH: u32 = 4;

/// What the shards so far have taught.
#[derive(Debug, Clone)]
pub(crate) struct Shards {
    length: Duration,
    width: usize,
}

impl Shards {
    /// Nothing known yet: shards of `initial`, few at a time.
    pub(crate) fn new(initial: Duration) -> Self {
        Self { length: initial.clamp(SHORTEST, LONGEST), width: FIRST_SHARDS }
    }

    /// The next shard: the newest part of what is missing and not under way. `None` when enough are under way, or nothing is left.
    pub(crate) fn next(&self, missing: &Coverage, under_way: &[Interval]) -> Option<Interval> {
        if under_way.len() >= self.width {
            return None;
        }
        let free = missing.subtract(&under_way.iter().copied().collect());
        let newest = *free.intervals().last()?;
        let gte = aligned(before(newest.lt, self.length)).max(newest.gte);
        // A remainder too short to be worth a request of its own is taken along.
        let rest = gte.duration_since(newest.gte);
        let taken_along = rest <= SignedDuration::try_from(self.length / 4).unwrap_or(SignedDuration::ZERO);
        Some(Interval { gte: if taken_along { newest.gte } else { gte }, lt: newest.lt })
    }

    /// Takes note of a shard that is done: `interval` took `pages` pages of `rows` rows in all, at most `page_size` each.
    pub(crate) fn done(&mut self, interval: Interval, pages: u32, rows: u64, page_size: u32) {
        let length = Duration::try_from(interval.lt.duration_since(interval.gte)).unwrap_or_default();
        let wished = u64::from(PAGES_PER_SHARD) * u64::from(page_size.max(1)) * 9 / 10;
        let factor = (wished as f64 / rows.max(1) as f64).clamp(0.02, f64::from(GROWTH));
        self.length = length.mul_f64(factor).clamp(SHORTEST, LONGEST);
        if pages > 1 {
            self.width = (self.width * 2).min(MOST_SHARDS);
        } else {
            self.width = (self.width - self.width / 4).max(FIRST_SHARDS);
        }
    }

    /// Takes note of a shard that was cut short to `interval`: there is a crowd, so the next are short and many.
    pub(crate) fn crowded(&mut self, interval: Interval) {
        let length = Duration::try_from(interval.lt.duration_since(interval.gte)).unwrap_or_default();
        self.length = self.length.min(length).clamp(SHORTEST, LONGEST);
        self.width = (self.width * 2).min(MOST_SHARDS);
    }
}

/// Where to cut a drain of `window` that has stored `pages` pages and reached `reached`: so that about half a shard's pages are
/// left of it. `None` when it will end by itself soon, or has too little to judge by.
pub(crate) fn cut(window: Interval, pages: u32, reached: Option<Timestamp>) -> Option<Timestamp> {
    let reached = reached.filter(|_| pages >= PAGES_PER_SHARD)?;
    let done = reached.duration_since(window.gte).as_secs_f64();
    let left = window.lt.duration_since(reached).as_secs_f64();
    if done <= 0.0 || left * f64::from(pages) / done <= f64::from(PAGES_PER_SHARD) {
        return None;
    }
    let half_a_shard = done / f64::from(pages) * f64::from(PAGES_PER_SHARD / 2);
    let at = aligned(after(reached, Duration::try_from_secs_f64(half_a_shard).ok()?));
    (reached < at && at < window.lt).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn interval(gte: i64, lt: i64) -> Interval {
        Interval { gte: at(gte), lt: at(lt) }
    }

    #[test]
    fn the_newest_part_comes_first_and_nothing_is_under_way_twice() {
        let missing: Coverage =
            [interval(0, 10 * HOUR), interval(20 * HOUR, 30 * HOUR)].into_iter().collect();
        let mut shards = Shards::new(Duration::from_hours(1));
        let first = shards.next(&missing, &[]).unwrap();
        assert_eq!(first, interval(29 * HOUR, 30 * HOUR));
        let second = shards.next(&missing, &[first]).unwrap();
        assert_eq!(second, interval(28 * HOUR, 29 * HOUR));
        assert_eq!(shards.next(&missing, &[first, second]), None, "few while nothing is known");
        shards.done(first, 8, 40_000, 5_000);
        assert!(shards.next(&missing, &[first, second]).is_some(), "a crowd is fetched side by side");
    }

    #[test]
    fn empty_time_takes_few_requests() {
        let mut missing: Coverage = [interval(0, 6 * 365 * 24 * HOUR)].into_iter().collect();
        let mut shards = Shards::new(Duration::from_hours(1));
        let mut requests = 0;
        while let Some(shard) = shards.next(&missing, &[]) {
            missing.remove(shard);
            shards.done(shard, 1, 0, 5_000);
            requests += 1;
        }
        assert!(requests < 85, "six empty years took {requests} requests");
    }

    #[test]
    fn a_short_remainder_is_taken_along() {
        let shards = Shards::new(Duration::from_hours(4));
        let missing: Coverage = [interval(0, 5 * HOUR)].into_iter().collect();
        assert_eq!(shards.next(&missing, &[]), Some(interval(0, 5 * HOUR)));
    }

    #[test]
    fn a_crowded_drain_is_cut_where_half_a_shard_is_left() {
        let window = interval(0, 100 * HOUR);
        let table = [
            (7, Some(HOUR), None),
            (8, Some(HOUR), Some(HOUR + HOUR / 2)),
            (8, Some(60 * HOUR), None),
            (8, Some(0), None),
            (8, None, None),
            (16, Some(100 * HOUR), None),
        ];
        for (pages, reached, expected) in table {
            assert_eq!(cut(window, pages, reached.map(at)), expected.map(at), "{pages} pages to {reached:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// However the crowd changes, shards are non-empty parts of what is missing, and it all gets done.
        #[test]
        fn everything_missing_is_sharded(
            starts in prop::collection::btree_set(0..100_000_i64, 2..12),
            crowds in prop::collection::vec((1..40_u32, 0..100_000_u64), 1..20),
        ) {
            let starts: Vec<i64> = starts.into_iter().collect();
            let mut missing: Coverage = starts.chunks_exact(2).map(|pair| interval(pair[0], pair[1])).collect();
            let mut shards = Shards::new(Duration::from_hours(1));
            let mut under_way: Vec<Interval> = Vec::new();
            for turn in 0.. {
                prop_assert!(turn < 10_000_000);
                while let Some(shard) = shards.next(&missing, &under_way) {
                    prop_assert!(missing.covers(shard) && shard.gte < shard.lt);
                    prop_assert!(under_way.iter().all(|other| other.intersect(&shard).is_none()));
                    prop_assert!(under_way.len() < MOST_SHARDS);
                    under_way.push(shard);
                }
                let Some(done) = under_way.pop() else { break };
                let (pages, rows) = crowds[turn % crowds.len()];
                missing.remove(done);
                shards.done(done, pages, rows, 5_000);
            }
            prop_assert!(missing.is_empty());
        }
    }
}
