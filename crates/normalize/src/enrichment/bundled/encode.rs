//! Writes a table from ranges of addresses to texts: the build script's half of [`super::table`].
//!
//! All addresses are of one space, IPv4 ones as IPv4-mapped. Integers of fixed size have their least significant byte first.
//!
//! | part | content |
//! | --- | --- |
//! | counts | two of four bytes: blocks of texts, blocks of ranges |
//! | index of texts | of each block of [`BLOCK`] texts: where it begins in the data, four bytes |
//! | index of ranges | of each block of [`BLOCK`] ranges: its first address, 16 bytes; where it begins in the data, four bytes |
//! | data: texts | of each: its length in bytes as a number, itself |
//! | data: ranges, ascending | of each: addresses between the one before (or the block's first address) and it as a size, addresses in it as a size, position of its text as a number |
//!
//! A number has seven bits a byte, least significant first, the eighth bit set on all but the last byte. A size is mostly 0 or
//! a power of two, and these are one byte: 0, or `n + 1` for the `n`th power; any other is `m << n` with `m` odd: the byte
//! `0x80 + n`, then `m >> 1` as a number.
//!
//! The data is read where it lies, so it costs neither time to load nor memory beyond the pages that are looked at.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Entries that are read one by one, behind a binary search for their block.
pub(crate) const BLOCK: usize = 64;

/// Addresses from `first` to `last`, both included, and what is said of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range<Said> {
    pub(crate) first: u128,
    pub(crate) last: u128,
    pub(crate) said: Said,
}

/// The bytes that [`super::table::Table`] reads, of ranges in any order.
pub(crate) fn encode(ranges: Vec<Range<String>>) -> Vec<u8> {
    let ranges = disjoint(ranges);
    // The commonest text first: its position is one byte.
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for range in &ranges {
        *uses.entry(&range.said).or_default() += 1;
    }
    let mut texts: Vec<(&str, usize)> = uses.into_iter().collect();
    texts.sort_by_key(|&(text, uses)| (Reverse(uses), text));
    let positions: BTreeMap<&str, u128> = texts.iter().map(|&(text, _)| text).zip(0..).collect();

    let (mut text_index, mut range_index, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for block in texts.chunks(BLOCK) {
        text_index.extend_from_slice(&(data.len() as u32).to_le_bytes());
        for (text, _) in block {
            put_number(&mut data, text.len() as u128);
            data.extend_from_slice(text.as_bytes());
        }
    }
    for block in ranges.chunks(BLOCK) {
        let mut next = block[0].first;
        range_index.extend_from_slice(&next.to_le_bytes());
        range_index.extend_from_slice(&(data.len() as u32).to_le_bytes());
        for range in block {
            put_size(&mut data, range.first - next);
            put_size(&mut data, (range.last - range.first).wrapping_add(1));
            put_number(&mut data, positions[&*range.said]);
            next = range.last.wrapping_add(1);
        }
    }
    let count = |entries: usize| (entries.div_ceil(BLOCK) as u32).to_le_bytes();
    [&count(texts.len())[..], &count(ranges.len()), &text_index, &range_index, &data].concat()
}

/// Sorted, without overlaps, and neighbours that say the same made one. Where ranges overlap (the published data holds one such
/// pair), the one that starts later, and of two that start together the shorter, is the more particular and wins.
fn disjoint(mut ranges: Vec<Range<String>>) -> Vec<Range<String>> {
    ranges.sort_by_key(|range| (range.first, Reverse(range.last)));
    let mut sweep = Sweep { settled: Vec::with_capacity(ranges.len()), open: Vec::new(), next: 0 };
    for range in ranges {
        sweep.settle(Some(range.first));
        sweep.next = range.first;
        sweep.open.push(range);
    }
    sweep.settle(None);
    sweep.settled
}

/// A walk over the addresses in ascending order.
struct Sweep {
    settled: Vec<Range<String>>,
    /// Ranges that hold `next`, or ended behind a more particular one; the last has the word.
    open: Vec<Range<String>>,
    /// The first address that is not settled.
    next: u128,
}

impl Sweep {
    /// Settles the addresses before `until`, or all.
    fn settle(&mut self, until: Option<u128>) {
        while let Some(range) = self.open.last() {
            let goes_on = until.filter(|&until| range.last >= until);
            let last = goes_on.map_or(Some(range.last), |until| until.checked_sub(1));
            if let Some(last) = last.filter(|&last| last >= self.next) {
                match self.settled.last_mut() {
                    Some(before)
                        if before.said == range.said && before.last.checked_add(1) == Some(self.next) =>
                    {
                        before.last = last;
                    }
                    _ => self.settled.push(Range { first: self.next, last, said: range.said.clone() }),
                }
                let Some(next) = last.checked_add(1) else {
                    return self.open.clear();
                };
                self.next = next;
            }
            if goes_on.is_some() {
                return;
            }
            self.open.pop();
        }
    }
}

fn put_number(bytes: &mut Vec<u8>, mut number: u128) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_size(bytes: &mut Vec<u8>, size: u128) {
    let zeros = size.trailing_zeros() as u8;
    match size >> zeros.min(127) {
        0 => bytes.push(0),
        1 if zeros < 127 => bytes.push(zeros + 1),
        odd => {
            bytes.push(0x80 | zeros);
            put_number(bytes, odd >> 1);
        }
    }
}
