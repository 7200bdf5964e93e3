//! A set of the documents of one segment.

use std::ops::Range;

/// One bit per document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    length: u32,
}

impl Bits {
    pub(crate) fn none(length: u32) -> Self {
        Self { words: vec![0; (length as usize).div_ceil(64)], length }
    }

    pub(crate) fn all(length: u32) -> Self {
        let mut bits = Self { words: vec![u64::MAX; (length as usize).div_ceil(64)], length };
        bits.trim();
        bits
    }

    /// Clears what is behind the last document.
    fn trim(&mut self) {
        let used = self.length % 64;
        if used > 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, document: u32) {
        self.words[document as usize / 64] |= 1 << (document % 64);
    }

    #[inline]
    pub(crate) fn remove(&mut self, document: u32) {
        self.words[document as usize / 64] &= !(1 << (document % 64));
    }

    #[inline]
    pub(crate) fn contains(&self, document: u32) -> bool {
        self.words[document as usize / 64] & (1 << (document % 64)) != 0
    }

    pub(crate) fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(crate) fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Those of the documents that are in one of these ranges, which rise.
    pub(crate) fn within(&self, ranges: &[Range<u32>]) -> Self {
        let mut within = Self::none(self.length);
        for range in ranges.iter().filter(|range| !range.is_empty()) {
            let (first, last) = (range.start as usize / 64, (range.end as usize - 1) / 64);
            for at in first..=last {
                let mut mask = u64::MAX;
                if at == first {
                    mask &= u64::MAX << (range.start % 64);
                }
                if at == last {
                    mask &= u64::MAX >> (63 - (range.end - 1) % 64);
                }
                within.words[at] |= self.words[at] & mask;
            }
        }
        within
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    pub(crate) fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The documents from the last to the first.
    pub(crate) fn iter_back(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().rev().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.ilog2();
                    rest ^= 1 << bit;
                    index as u32 * 64 + bit
                })
            })
        })
    }

    /// A walk over the documents in order, many at a time.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk { words: &self.words, base: 0 }
    }

    /// The documents in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    index as u32 * 64 + bit
                })
            })
        })
    }
}

/// Hands out the documents of a set.
pub(crate) struct Walk<'b> {
    words: &'b [u64],
    base: u32,
}

impl Walk<'_> {
    /// The next documents: about `most`, at most 63 more; none at the end.
    pub(crate) fn take(&mut self, out: &mut Vec<u32>, most: usize) {
        out.clear();
        while out.len() < most
            && let Some((&word, rest)) = self.words.split_first()
        {
            if word == u64::MAX {
                out.extend(self.base..self.base + 64);
            } else {
                let mut left = word;
                while left != 0 {
                    out.push(self.base + left.trailing_zeros());
                    left &= left - 1;
                }
            }
            self.words = rest;
            self.base += 64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave_at_their_edges() {
        for length in [0, 1, 63, 64, 65, 130] {
            let mut bits = Bits::all(length);
            assert_eq!(bits.count(), u64::from(length));
            assert_eq!(bits.iter().collect::<Vec<_>>(), (0..length).collect::<Vec<_>>());
            bits.invert();
            assert_eq!(bits, Bits::none(length));
        }
        let mut bits = Bits::none(100);
        for document in [3, 64, 99] {
            bits.insert(document);
        }
        bits.remove(64);
        assert!(bits.contains(99) && !bits.contains(64));
        assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 99]);
        assert_eq!(bits.iter_back().collect::<Vec<_>>(), [99, 3]);
        bits.or(&Bits::all(100));
        for ranges in [vec![], vec![0..70, 70..100], vec![3..3, 5..64], vec![0..1, 63..65, 70..71, 99..100]] {
            let inside = |document: &u32| ranges.iter().any(|range| range.contains(document));
            let expected: Vec<u32> = (0..100).filter(inside).collect();
            assert_eq!(bits.within(&ranges).iter().collect::<Vec<_>>(), expected, "{ranges:?}");
        }
        for most in [1, 64, 65, 1_000] {
            let (mut walk, mut block, mut all) = (bits.walk(), Vec::new(), Vec::new());
            loop {
                walk.take(&mut block, most);
                assert!(block.len() < most + 64);
                if block.is_empty() {
                    break;
                }
                all.extend(block.iter().copied());
            }
            assert_eq!(all, (0..100).collect::<Vec<_>>(), "{most}");
        }
    }
}
