//! Merkle trees by the definitions of RFC 6962, section 2: hash, audit path, consistency proof.

use sha2::{Digest, Sha256};

/// A node of the tree.
pub(crate) type Hash = [u8; 32];

/// Hash of a leaf.
pub(crate) fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

/// MTH.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// PATH: the hashes from beside a leaf up to below the root. The leaf must be there.
pub(crate) fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = if index < left.len() {
        (path(left, index), root(right))
    } else {
        (path(right, index - left.len()), root(left))
    };
    below.push(beside);
    below
}

/// PROOF: that the tree of the first `size` leaves is a beginning of this one. `size` lies in 1..=leaves.
pub(crate) fn consistency(leaves: &[Hash], size: usize) -> Vec<Hash> {
    subproof(leaves, size, true)
}

fn subproof(leaves: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut below, beside) = if size <= middle {
        (subproof(left, size, whole), root(right))
    } else {
        (subproof(right, size - middle, false), root(left))
    };
    below.push(beside);
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: &Hash) -> String {
        hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// The eight entries that implementations of Certificate Transparency are tested with.
    fn entries() -> Vec<Vec<u8>> {
        let tail = |first: u8, last: u8| (first..=last).collect::<Vec<u8>>();
        vec![
            vec![],
            vec![0],
            vec![0x10],
            vec![0x20, 0x21],
            vec![0x30, 0x31],
            tail(0x40, 0x43),
            tail(0x50, 0x57),
            tail(0x60, 0x6f),
        ]
    }

    #[test]
    fn roots_are_the_published_ones() {
        let leaves: Vec<Hash> = entries().iter().map(|entry| leaf(entry)).collect();
        for (count, expected) in [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(hex(&root(&leaves[..count])), expected, "{count} leaves");
        }
    }

    /// The example of RFC 6962, section 2.1.3, with seven leaves.
    #[test]
    fn proofs_have_the_nodes_of_the_example() {
        let leaves: Vec<Hash> = (0..7_u8).map(|number| leaf(&[number])).collect();
        let part = |from: usize, to: usize| root(&leaves[from..to]);
        // Named as in the RFC, from left to right: leaves a to f and j, then pairs g, h, i, then the halves k and l.
        let (pair_g, pair_h, pair_i) = (part(0, 2), part(2, 4), part(4, 6));
        let (half_k, half_l) = (part(0, 4), part(4, 7));
        assert_eq!(path(&leaves, 0), [leaves[1], pair_h, half_l]);
        assert_eq!(path(&leaves, 3), [leaves[2], pair_g, half_l]);
        assert_eq!(path(&leaves, 4), [leaves[5], leaves[6], half_k]);
        assert_eq!(path(&leaves, 6), [pair_i, half_k]);
        assert_eq!(consistency(&leaves, 3), [leaves[2], leaves[3], pair_g, half_l]);
        assert_eq!(consistency(&leaves, 4), [half_l]);
        assert_eq!(consistency(&leaves, 6), [pair_i, leaves[6], half_k]);
        assert_eq!((consistency(&leaves, 7), path(&leaves[..1], 0)), (vec![], vec![]));
    }
}
