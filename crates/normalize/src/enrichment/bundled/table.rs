//! A table from addresses to texts, searched where it lies in the program.
//!
//! The bytes are described in `encode.rs`, which the build script uses.

use std::net::IpAddr;

#[path = "encode.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "the half of the build script and of the tests"))]
mod encode;

use self::encode::BLOCK;

/// The table. Whatever its bytes, a search ends, and without a panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    texts: &'a [[u8; 4]],
    ranges: &'a [[u8; 20]],
    data: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table in these bytes. `None` if they are too few to be one.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (texts, bytes) = bytes.split_first_chunk()?;
        let (ranges, bytes) = bytes.split_first_chunk()?;
        let (texts, bytes) = bytes.split_at_checked(number(*texts).checked_mul(4)?)?;
        let (ranges, data) = bytes.split_at_checked(number(*ranges).checked_mul(20)?)?;
        Some(Self { texts: texts.as_chunks().0, ranges: ranges.as_chunks().0, data })
    }

    /// What is said of this address.
    pub(crate) fn find(&self, address: IpAddr) -> Option<&'a str> {
        let address = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let behind = self.ranges.partition_point(|block| split(*block).0 <= address);
        let (mut next, start) = split(self.ranges[behind.checked_sub(1)?]);
        let mut input = Input(self.data.get(start..)?);
        for _ in 0..BLOCK {
            let first = next.checked_add(input.size()?)?;
            let length = input.size()?;
            let text = input.number()?;
            if address < first {
                return None;
            }
            if address - first <= length.wrapping_sub(1) {
                return self.text(usize::try_from(text).ok()?);
            }
            next = first.checked_add(length)?;
        }
        None
    }

    fn text(&self, position: usize) -> Option<&'a str> {
        let start = number(*self.texts.get(position / BLOCK)?);
        let mut input = Input(self.data.get(start..)?);
        for _ in 0..position % BLOCK {
            input.text()?;
        }
        std::str::from_utf8(input.text()?).ok()
    }
}

fn number(bytes: [u8; 4]) -> usize {
    u32::from_le_bytes(bytes) as usize
}

/// First address of a block, and where it begins.
fn split(block: [u8; 20]) -> (u128, usize) {
    let start = block.last_chunk().map_or(0, |start| number(*start));
    (block.first_chunk().map_or(0, |first| u128::from_le_bytes(*first)), start)
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn number(&mut self) -> Option<u128> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn size(&mut self) -> Option<u128> {
        match self.byte()? {
            0 => Some(0),
            byte @ 1..=0x7F => Some(1 << (byte - 1)),
            byte => Some((self.number()? << 1 | 1) << (byte & 0x7F)),
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::encode::{Range, encode};
    use super::*;

    fn range(first: u128, last: u128, said: &str) -> Range<String> {
        Range { first, last, said: said.to_owned() }
    }

    fn find(bytes: &[u8], address: u128) -> Option<&str> {
        Table::new(bytes).expect("a table").find(IpAddr::V6(address.into()))
    }

    #[test]
    fn ranges_up_to_the_ends_of_the_space() {
        let bytes = encode(vec![
            range(0, 0, "first"),
            range(1, 9, "few"),
            range(1 << 127, u128::MAX - 1, "half"),
            range(u128::MAX, u128::MAX, "last"),
        ]);
        for (address, expected) in [
            (0, Some("first")),
            (1, Some("few")),
            (9, Some("few")),
            (10, None),
            ((1 << 127) - 1, None),
            (1 << 127, Some("half")),
            (u128::MAX - 1, Some("half")),
            (u128::MAX, Some("last")),
        ] {
            assert_eq!(find(&bytes, address), expected, "{address}");
        }
        for everything in [
            vec![range(0, u128::MAX, "all")],
            vec![range(0, u128::MAX >> 1, "all"), range(1 << 127, u128::MAX, "all")],
        ] {
            let bytes = encode(everything);
            for address in [0, 7, 1 << 127, u128::MAX] {
                assert_eq!(find(&bytes, address), Some("all"), "{address}");
            }
        }
        assert_eq!(find(&encode(Vec::new()), 7), None);
    }

    #[test]
    fn an_ipv4_address_is_found_as_mapped() {
        let bytes = encode(vec![range(0xFFFF_0808_0800, 0xFFFF_0808_08FF, "eights")]);
        let table = Table::new(&bytes).expect("a table");
        let found = |text: &str| table.find(text.parse().expect("an address"));
        assert_eq!(found("8.8.8.0"), Some("eights"));
        assert_eq!(found("8.8.8.255"), Some("eights"));
        assert_eq!((found("8.8.9.0"), found("8.8.7.255")), (None, None));
    }

    #[test]
    fn many_blocks_of_ranges_and_texts() {
        let ranges = (0..1000).map(|at| range(at * 10, at * 10 + at % 10, &format!("text {at}"))).collect();
        let bytes = encode(ranges);
        for address in 0..10_000 {
            let (at, rest) = (address / 10, address % 10);
            let expected = (rest <= at % 10).then(|| format!("text {at}"));
            assert_eq!(find(&bytes, address), expected.as_deref(), "{address}");
        }
    }

    prop_compose! {
        fn ranges()(shift in 0..122_u32, parts in prop::collection::vec((0..60_u128, 0..20_u128, "[a-e]"), 0..200))
            -> Vec<Range<String>>
        {
            let range = |(first, more, said)| Range { first: first << shift, last: (first + more) << shift, said };
            parts.into_iter().map(range).collect()
        }
    }

    proptest! {
        #[test]
        fn of_overlapping_ranges_the_most_particular_wins(ranges in ranges(), more in prop::collection::vec(any::<u128>(), 9)) {
            let bytes = encode(ranges.clone());
            let edges = ranges.iter().flat_map(|range| [range.first, range.last]);
            let addresses = edges.flat_map(|edge| [edge.wrapping_sub(1), edge, edge.wrapping_add(1)]).chain(more);
            for address in addresses {
                let holding = ranges.iter().enumerate().filter(|(_, range)| (range.first..=range.last).contains(&address));
                let winner = holding.max_by_key(|(at, range)| (range.first, std::cmp::Reverse(range.last), *at));
                prop_assert_eq!(find(&bytes, address), winner.map(|(_, range)| &*range.said), "{}", address);
            }
        }

        #[test]
        fn damaged_bytes_do_no_harm(
            ranges in ranges(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), address: u128,
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encode(ranges);
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Some(table) = Table::new(&bytes) {
                for address in [address, 0, 7, u128::MAX] {
                    table.find(IpAddr::V6(address.into()));
                }
            }
        }
    }
}
