//! Which windows of the covered time are asked for again. Pure: the same seed gives the same windows.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ledger::Interval;

/// A sample is the part of one hour that is covered.
const SAMPLE_MS: u64 = 3_600_000;
/// The windows of a whole recount grow and shrink between these, so that a request brings neither nothing nor many pages.
const LEAST: SignedDuration = SignedDuration::from_mins(1);
const MOST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Activities that a window should hold: about one page.
const FEW: usize = 1_500;
const MANY: usize = 10_000;

/// The windows still to ask for.
#[derive(Debug)]
pub(super) struct Windows {
    rest: Vec<Interval>,
    /// Length of the next piece; `None` when the windows are asked for as they are.
    step: Option<SignedDuration>,
}

/// A seed that no earlier run had.
pub(super) fn fresh_seed() -> u64 {
    let nanoseconds = Timestamp::now().as_nanosecond() as u64;
    mixed(nanoseconds ^ u64::from(std::process::id()).rotate_left(40)) >> 32
}

/// How much time the intervals hold.
pub(super) fn total(intervals: &[Interval]) -> SignedDuration {
    intervals.iter().map(|interval| interval.lt.duration_since(interval.gte)).sum()
}

impl Windows {
    /// Up to `count` hours, each moment of the covered time being as likely as any other.
    pub(super) fn sampled(covered: &[Interval], count: u32, seed: u64) -> Self {
        let lengths: Vec<u64> =
            covered.iter().map(|known| known.lt.duration_since(known.gte).as_millis() as u64).collect();
        let total: u64 = lengths.iter().sum();
        let pieces: u64 = lengths.iter().map(|length| length.div_ceil(SAMPLE_MS)).sum();
        let mut chosen = BTreeSet::new();
        if pieces <= u64::from(count) {
            for (index, length) in lengths.iter().enumerate() {
                chosen.extend((0..length.div_ceil(SAMPLE_MS)).map(|piece| (index, piece)));
            }
        }
        let mut state = seed;
        // Drawing again what was drawn is rare; the bound is for the improbable.
        for _ in 0..u64::from(count) * 64 {
            if chosen.len() as u64 >= pieces.min(u64::from(count)) || total == 0 {
                break;
            }
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut offset = mixed(state) % total;
            let index = lengths.iter().position(|length| {
                let inside = offset < *length;
                offset -= if inside { 0 } else { *length };
                inside
            });
            chosen.extend(index.map(|index| (index, offset / SAMPLE_MS)));
        }
        let window = |&(index, piece): &(usize, u64)| {
            let known: &Interval = &covered[index];
            let at = |number: u64| {
                let ahead = SignedDuration::from_millis((number * SAMPLE_MS) as i64);
                known.gte.checked_add(ahead).map_or(known.lt, |at| at.min(known.lt))
            };
            Interval::new(at(piece), at(piece + 1))
        };
        let mut rest: Vec<Interval> = chosen.iter().filter_map(window).collect();
        rest.reverse();
        Self { rest, step: None }
    }

    /// All of the covered time, in pieces that follow how busy it was.
    pub(super) fn all(covered: &[Interval]) -> Self {
        let mut rest = covered.to_vec();
        rest.reverse();
        Self { rest, step: Some(SignedDuration::from_hours(1)) }
    }

    /// Milliseconds still to ask for.
    pub(super) fn length_ms(&self) -> u64 {
        total(&self.rest).as_millis() as u64
    }

    /// The next window, oldest first, knowing how many activities the last one held.
    pub(super) fn next(&mut self, last_count: Option<usize>) -> Option<Interval> {
        let whole = self.rest.pop()?;
        let Some(step) = self.step else { return Some(whole) };
        let step = match last_count {
            Some(count) if count < FEW => (step * 2).min(MOST),
            Some(count) if count > MANY => (step / 2).max(LEAST),
            _ => step,
        };
        self.step = Some(step);
        let end = whole.gte.checked_add(step).map_or(whole.lt, |end| end.min(whole.lt));
        self.rest.extend(Interval::new(end, whole.lt));
        Interval::new(whole.gte, end)
    }
}

/// The finalizer of `SplitMix64`.
fn mixed(state: u64) -> u64 {
    let first = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    second ^ (second >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(gte: i64, lt: i64) -> Interval {
        let at = |minute| Timestamp::from_second(minute * 60).unwrap();
        Interval { gte: at(gte), lt: at(lt) }
    }

    fn drawn(mut windows: Windows) -> Vec<Interval> {
        std::iter::from_fn(|| windows.next(None)).collect()
    }

    #[test]
    fn samples_are_hours_of_the_covered_time_and_follow_the_seed() {
        let covered = [interval(0, 600), interval(1000, 9990)];
        for seed in 0..200 {
            let windows = drawn(Windows::sampled(&covered, 24, seed));
            assert_eq!(windows.len(), 24, "seed {seed}");
            assert_eq!(windows, drawn(Windows::sampled(&covered, 24, seed)));
            assert!(windows.windows(2).all(|pair| pair[0].lt <= pair[1].gte), "in order, none twice");
            for window in &windows {
                let inside = covered.iter().any(|known| known.intersect(window) == Some(*window));
                assert!(inside && total(&[*window]) <= SignedDuration::from_hours(1), "{window:?}");
            }
        }
        assert_ne!(drawn(Windows::sampled(&covered, 24, 1)), drawn(Windows::sampled(&covered, 24, 2)));
        let few = drawn(Windows::sampled(&covered, 10_000, 1));
        assert_eq!(total(&few), total(&covered), "what is less than the samples is asked for whole");
        assert_eq!(drawn(Windows::sampled(&[], 24, 1)), []);
    }

    #[test]
    fn a_whole_recount_leaves_nothing_out_however_busy_it_is() {
        let covered = [interval(0, 100_000), interval(200_000, 200_001)];
        for counts in [[0, 0, 0], [100_000, 100_000, 100_000], [5000, 0, 100_000]] {
            let mut windows = Windows::all(&covered);
            let length = windows.length_ms();
            let (mut seen, mut last) = (Vec::new(), None);
            while let Some(window) = windows.next(last) {
                last = Some(counts[seen.len() % 3]);
                seen.push(window);
            }
            assert_eq!(total(&seen).as_millis() as u64, length);
            assert_eq!((seen[0].gte, seen.last().unwrap().lt), (covered[0].gte, covered[1].lt));
            let joins = |pair: &[Interval]| pair[0].lt == pair[1].gte || pair[1] == covered[1];
            assert!(seen.windows(2).all(joins), "{counts:?}");
        }
    }
}
