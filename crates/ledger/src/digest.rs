//! The digests of `docs/design/ledger.md` §5 and §6: of an activity, of the activities of a page, of a link, of an id.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(crate) type Digest = [u8; 32];

/// Bytes of a leaf that a page keeps to tell which of its activities differs.
pub(crate) const CHECK_BYTES: usize = 4;

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// Digest of one activity: its time, id and exact bytes.
pub(crate) fn leaf(created_at: i64, id: &str, raw: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(created_at.to_le_bytes());
    hash.update((id.len() as u32).to_le_bytes());
    hash.update(id);
    hash.update(Sha256::digest(raw));
    hash.finalize().into()
}

/// Root of the tree over the leaves, in the shape of RFC 6962; zero bytes when there is none.
///
/// Pairing neighbours level by level and carrying an odd last one up unchanged gives exactly that shape.
pub(crate) fn root(mut level: Vec<Digest>) -> Digest {
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => {
                    let mut hash = Sha256::new();
                    hash.update([1]);
                    hash.update(left);
                    hash.update(right);
                    hash.finalize().into()
                }
                rest => rest[0],
            })
            .collect();
    }
    level.first().copied().unwrap_or_default()
}

/// Hash of a link over the one before it.
pub(crate) fn link(previous: &Digest, number: u64, epoch: u64, record: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"claudetrail ledger link\n");
    hash.update(previous);
    hash.update(number.to_le_bytes());
    hash.update(epoch.to_le_bytes());
    hash.update((record.len() as u64).to_le_bytes());
    hash.update(record);
    hash.finalize().into()
}

/// The 48 bits by which the index of ids is sorted.
pub(crate) fn fingerprint(feed: i64, id: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(feed.to_le_bytes());
    hash.update(id);
    let digest = hash.finalize();
    digest[..6].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962's own definition: split at the largest power of two below the count.
    fn root_by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::default(),
            [leaf] => *leaf,
            _ => {
                let split = 1 << (leaves.len() - 1).ilog2();
                let (left, right) = leaves.split_at(split);
                let node = [&[1_u8][..], &root_by_definition(left), &root_by_definition(right)].concat();
                sha256(&node)
            }
        }
    }

    #[test]
    fn the_tree_has_the_shape_of_the_definition() {
        let leaves: Vec<Digest> = (0..70_i64).map(|number| leaf(number, "id", b"raw")).collect();
        for count in 0..leaves.len() {
            assert_eq!(
                root(leaves[..count].to_vec()),
                root_by_definition(&leaves[..count]),
                "{count} leaves"
            );
        }
    }

    #[test]
    fn every_part_of_an_activity_counts() {
        let digests = [
            leaf(1, "ab", b"c"),
            leaf(2, "ab", b"c"),
            leaf(1, "a", b"c"),
            leaf(1, "ab", b"d"),
            leaf(1, "a", b"bc"),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(digest), "{index}");
        }
    }

    /// The byte forms written out once by hand, so that a change of any of them fails here.
    #[test]
    fn the_byte_forms_stand() {
        let inner = sha256(b"{}");
        let bytes = [&[0][..], &7_i64.to_le_bytes(), &2_u32.to_le_bytes(), b"id", &inner].concat();
        assert_eq!(leaf(7, "id", b"{}"), sha256(&bytes));
        let bytes = [
            &b"claudetrail ledger link\n"[..],
            &[9; 32],
            &3_u64.to_le_bytes(),
            &4_u64.to_le_bytes(),
            &2_u64.to_le_bytes(),
            b"ab",
        ]
        .concat();
        assert_eq!(link(&[9; 32], 3, 4, b"ab"), sha256(&bytes));
        let digest = sha256(&[&5_u64.to_le_bytes()[..], b"id"].concat());
        assert_eq!(fingerprint(5, "id").to_be_bytes()[2..], digest[..6]);
    }
}
