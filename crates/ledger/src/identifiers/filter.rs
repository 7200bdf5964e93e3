//! A split-block Bloom filter: says "surely not" for almost every id that a run does not hold.
//!
//! A key sets one bit in each of the eight words of one 32-byte block, so a question costs one cache line. With 12 bits
//! a key about 1 in 250 foreign keys is let through.

use crate::error::Malformed;

const BLOCK_BYTES: usize = 32;
const BITS_PER_ENTRY: u64 = 12;

/// One odd constant per word of a block: the eight bits of a key are picked independently.
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Filter {
    bytes: Vec<u8>,
}

impl Filter {
    /// An empty filter for so many entries.
    pub(super) fn for_entries(entries: u64) -> Self {
        let blocks = (entries * BITS_PER_ENTRY).div_ceil(8 * BLOCK_BYTES as u64).max(1);
        Self { bytes: vec![0; blocks as usize * BLOCK_BYTES] }
    }

    pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<Self, Malformed> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK_BYTES) {
            return Err(Malformed("a filter of ids is cut"));
        }
        Ok(Self { bytes })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn insert(&mut self, fingerprint: u64) {
        let start = self.block(fingerprint);
        for (word, bit) in
            self.bytes[start..start + BLOCK_BYTES].as_chunks_mut::<4>().0.iter_mut().zip(bits(fingerprint))
        {
            *word = (u32::from_le_bytes(*word) | bit).to_le_bytes();
        }
    }

    /// `false` is certain.
    pub(super) fn may_hold(&self, fingerprint: u64) -> bool {
        let start = self.block(fingerprint);
        let words = self.bytes[start..start + BLOCK_BYTES].as_chunks::<4>().0;
        words.iter().zip(bits(fingerprint)).all(|(word, bit)| u32::from_le_bytes(*word) & bit != 0)
    }

    fn block(&self, fingerprint: u64) -> usize {
        let blocks = (self.bytes.len() / BLOCK_BYTES) as u64;
        (((fingerprint >> 16) * blocks) >> 32) as usize * BLOCK_BYTES
    }
}

fn bits(fingerprint: u64) -> impl Iterator<Item = u32> {
    let low = fingerprint as u32;
    SALTS.iter().map(move |salt| 1 << (low.wrapping_mul(*salt) >> 27))
}
