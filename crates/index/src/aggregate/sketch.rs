//! How many different values there are: exact up to a bound, an estimate within about one per cent beyond it.
//!
//! Kept are the smallest hashes. Of a uniform hash, the largest of the `n` smallest says how dense, hence how many.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Hashes kept: up to here the count is exact; beyond, its standard error is the inverse of the square root.
const KEPT: usize = 16_384;

#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    hashes: Vec<u64>,
    /// How many of them are sorted and all different.
    settled: usize,
    /// Whether hashes were ever dropped.
    full: bool,
}

impl Sketch {
    pub(crate) fn add(&mut self, value: &(impl Hash + ?Sized)) {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let hash = hasher.finish();
        if self.full && self.hashes.get(self.settled.saturating_sub(1)).is_some_and(|largest| hash > *largest)
        {
            return;
        }
        self.hashes.push(hash);
        if self.hashes.len() > 2 * KEPT {
            self.settle();
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.hashes.capacity() * size_of::<u64>()
    }

    fn settle(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        if self.hashes.len() > KEPT {
            self.hashes.truncate(KEPT);
            self.full = true;
        }
        self.settled = self.hashes.len();
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.hashes.extend(other.hashes);
        self.full |= other.full;
        self.settle();
    }

    pub(crate) fn count(mut self) -> u64 {
        self.settle();
        match self.hashes.last() {
            Some(largest) if self.full && self.hashes.len() == KEPT => {
                let share = *largest as f64 / u64::MAX as f64;
                ((KEPT - 1) as f64 / share).round() as u64
            }
            _ => self.hashes.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_and_many_are_estimated() {
        for (count, error) in [(0_u64, 0.0), (1, 0.0), (16_384, 0.0), (40_000, 0.03), (1_000_000, 0.03)] {
            let mut whole = Sketch::default();
            for part in 0..4 {
                let mut sketch = Sketch::default();
                // Every value comes in two parts.
                (0..count)
                    .filter(|value| value % 4 == part || (value + 1) % 4 == part)
                    .for_each(|value| sketch.add(&value));
                whole.merge(sketch);
            }
            let found = whole.count();
            assert!(found.abs_diff(count) as f64 <= error * count as f64, "{found} for {count}");
        }
    }
}
