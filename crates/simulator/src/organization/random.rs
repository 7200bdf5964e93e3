//! Chance that can be asked for out of order.
//!
//! Every random thing here is a pure function of the seed and of a few numbers that name the thing ("the sessions of
//! person 17 in bucket 4711"). Nothing is drawn from a shared stream, so any piece of history can be made alone and is
//! the same each time. The mixer is the finaliser of `SplitMix64`; it is for believable data, never for secrets.

/// Mixes two numbers into one; the order of the arguments matters.
pub(super) fn mix(left: u64, right: u64) -> u64 {
    scramble(left ^ scramble(right.wrapping_add(0x9E37_79B9_7F4A_7C15)))
}

fn scramble(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number for a word, so that code can name what it draws for (FNV-1a).
pub(super) const fn salt(word: &str) -> u64 {
    let bytes = word.as_bytes();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        index += 1;
    }
    hash
}

/// A stream of draws for one named thing.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(key: u64) -> Dice {
        Dice { state: key }
    }

    pub(super) fn next(&mut self) -> u64 {
        let drawn = scramble(self.state);
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        drawn
    }

    /// Even in `0..limit`; `limit` 0 gives 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        scale(self.next(), limit)
    }

    /// Even in `low..=high`.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        debug_assert!(low <= high);
        low + self.below((high - low + 1) as usize) as i64
    }

    /// Even in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        unit(self.next())
    }

    pub(super) fn percent(&mut self, chance: f64) -> bool {
        self.unit() * 100.0 < chance
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// How many events happen when `mean` are expected.
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 30.0 {
            // Near enough to normal; the sum of four even draws is near enough to that.
            let bell = (self.unit() + self.unit() + self.unit() + self.unit() - 2.0) * 3.0_f64.sqrt();
            return (mean + bell * mean.sqrt()).round().max(0.0) as usize;
        }
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// Brings a draw into `0..limit` without a division.
pub(super) fn scale(drawn: u64, limit: usize) -> usize {
    ((u128::from(drawn) * limit as u128) >> 64) as usize
}

/// Brings a draw into `[0, 1)`.
pub(super) fn unit(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

/// Choices with unequal odds.
#[derive(Debug, Clone, Default)]
pub(super) struct Weighted<T> {
    choices: Vec<T>,
    /// Running sums of the weights.
    sums: Vec<u32>,
}

impl<T: Copy> Weighted<T> {
    pub(super) fn new(weighted: impl IntoIterator<Item = (T, u32)>) -> Weighted<T> {
        let mut result = Weighted { choices: Vec::new(), sums: Vec::new() };
        for (choice, weight) in weighted {
            let sum = result.sums.last().copied().unwrap_or(0) + weight;
            result.choices.push(choice);
            result.sums.push(sum);
        }
        result
    }

    /// The choice for a draw. Asking an empty table is a mistake in this crate's own data.
    pub(super) fn pick(&self, drawn: u64) -> T {
        let total = self.sums.last().copied().unwrap_or(0);
        let point = scale(drawn, total as usize) as u32;
        self.choices[self.sums.partition_point(|sum| *sum <= point)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_repeatable_and_spread() {
        let draw = |key| {
            let mut dice = Dice::new(key);
            (0..1000).map(|_| dice.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for digit in 0..10 {
            let count = draw(7).iter().filter(|drawn| **drawn == digit).count();
            assert!((60..140).contains(&count), "{digit} came {count} times in 1000");
        }
    }

    #[test]
    fn poisson_keeps_its_mean() {
        for mean in [0.3, 4.0, 29.0, 31.0, 400.0] {
            let mut dice = Dice::new(mix(9, mean as u64));
            let total: usize = (0..2000).map(|_| dice.poisson(mean)).sum();
            let measured = total as f64 / 2000.0;
            assert!((measured / mean - 1.0).abs() < 0.1, "asked for {mean}, got {measured}");
        }
    }

    #[test]
    fn weights_decide_the_odds() {
        let table = Weighted::new([('a', 90), ('b', 0), ('c', 10)]);
        let mut dice = Dice::new(3);
        let drawn: String = (0..1000).map(|_| table.pick(dice.next())).collect();
        let rare = drawn.matches('c').count();
        assert!((60..150).contains(&rare), "{rare}");
        assert!(!drawn.contains('b'));
    }
}
