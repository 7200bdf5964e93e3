//! A set of names known at start, numbered in order, with a lookup for the hot path.
//!
//! An activity has some twenty keys, each looked up once, so the lookup must cost a few nanoseconds: open addressing over
//! a table at most a quarter full, a hash that eats eight bytes at a time, and one comparison of the whole name. Names come
//! from the data files of this crate, never from outside, so nobody can choose them to collide.

/// Numbered names: the number of a name is its place in the list it was built from.
#[derive(Debug)]
pub(crate) struct NameTable {
    names: Box<[&'static str]>,
    slots: Box<[u16]>,
}

/// Marks a slot without a name.
const VACANT: u16 = u16::MAX;

impl NameTable {
    /// Builds the table. Panics if a name comes twice: the data files are part of the program.
    pub(crate) fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        let names: Box<[&'static str]> = names.into_iter().collect();
        assert!(names.len() < usize::from(VACANT) / 4, "too many names for 16-bit slots");
        let mut slots = vec![VACANT; (names.len() * 4).next_power_of_two()].into_boxed_slice();
        for (number, name) in names.iter().enumerate() {
            let mut slot = hash(name) as usize & (slots.len() - 1);
            while slots[slot] != VACANT {
                assert!(names[usize::from(slots[slot])] != *name, "name {name} comes twice");
                slot = (slot + 1) & (slots.len() - 1);
            }
            slots[slot] = number as u16;
        }
        Self { names, slots }
    }

    /// The number of a name, if it is in the table.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(name) as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == VACANT {
                return None;
            }
            if same(self.names[usize::from(number)], name) {
                return Some(number);
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// A multiply-and-rotate hash over eight bytes at a time; the length takes part, so padding cannot collide.
#[inline]
fn hash(name: &str) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_bytes();
    let mut state = (bytes.len() as u64).wrapping_mul(FACTOR);
    let mut mix = |word: u64| state = (state.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    for bytes in bytes.as_chunks::<8>().0 {
        mix(u64::from_le_bytes(*bytes));
    }
    mix(end(bytes));
    state ^ (state >> 32)
}

/// Whether two names are the same. Names are so short that calling a function of the C library costs more than comparing.
#[inline]
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len()
        && one
            .as_chunks::<8>()
            .0
            .iter()
            .zip(other.as_chunks::<8>().0)
            .all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && end(one) == end(other)
}

/// The last eight bytes, or all of fewer, as one word; together with the whole words before it, and the length, every byte.
#[inline]
fn end(bytes: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        u64::from_le_bytes(*last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_under_its_number_and_nothing_else_is() {
        let table = NameTable::new(["created_at", "actor", "a", "", "claude_project_document_id"]);
        for (number, name) in
            ["created_at", "actor", "a", "", "claude_project_document_id"].iter().enumerate()
        {
            assert_eq!(table.find(name), Some(number as u16), "{name}");
        }
        for absent in [
            "created_a",
            "created_att",
            "\0",
            "actor\0",
            "ac",
            "actos",
            "claude_project_document_i",
            "claude_projict_document_id",
        ] {
            assert_eq!(table.find(absent), None, "{absent}");
        }
    }

    #[test]
    #[should_panic(expected = "comes twice")]
    fn a_name_that_comes_twice_is_refused() {
        NameTable::new(["actor", "type", "actor"]);
    }
}
