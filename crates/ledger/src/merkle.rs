//! The Merkle tree over a chain's records (RFC 9162 §2.1), grown leaf by leaf in logarithmic space.
//!
//! Holds the roots of the full subtrees only: enough to grow and to name the root, not to prove a single leaf.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A tree of `size` leaves. Its serialised form is its whole state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Tree {
    size: u64,
    /// One root per bit set in `size`, the largest subtree first.
    peaks: Vec<Digest>,
}

impl Tree {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash, see [`Digest::leaf`].
    pub fn push(&mut self, leaf: Digest) {
        let mut right = leaf;
        // Each trailing one of the size is a subtree as large as the one in hand.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("one peak per bit of the size");
            right = Digest::node(left, right);
        }
        self.peaks.push(right);
        self.size += 1;
    }

    pub fn root(&self) -> Digest {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first
            .reduce(|right, left| Digest::node(left, right))
            .unwrap_or_else(|| Digest::of(b""))
    }
}

#[derive(Deserialize)]
struct Stored {
    size: u64,
    peaks: Vec<Digest>,
}

#[derive(Debug, thiserror::Error)]
#[error("a tree holds one subtree per bit of its size")]
pub struct BadTree;

impl TryFrom<Stored> for Tree {
    type Error = BadTree;
    fn try_from(Stored { size, peaks }: Stored) -> Result<Tree, BadTree> {
        match size.count_ones() as usize == peaks.len() {
            true => Ok(Tree { size, peaks }),
            false => Err(BadTree),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 9162 §2.1.1, word for word.
    fn naive(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => *leaf,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                Digest::node(naive(&leaves[..k]), naive(&leaves[k..]))
            }
        }
    }

    #[test]
    fn the_known_roots_come_out() {
        // The vectors of the certificate-transparency reference implementations (RFC 6962).
        let leaves: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(tree.root().to_string(), format!("sha256:{root}"), "{size}");
            if let Some(leaf) = leaves.get(size) {
                tree.push(Digest::leaf(leaf));
            }
        }
    }

    #[test]
    fn a_tree_with_too_few_subtrees_is_refused() {
        assert!(serde_json::from_str::<Tree>(r#"{"size":3,"peaks":[]}"#).is_err());
    }

    proptest! {
        #[test]
        fn growing_equals_building(count in 0_u64..300, stop in 0_u64..300) {
            let leaves: Vec<_> = (0..count).map(|n| Digest::leaf(&n.to_be_bytes())).collect();
            let mut tree = Tree::default();
            for (at, leaf) in leaves.iter().enumerate() {
                if at as u64 == stop {
                    let stored = serde_json::to_string(&tree).unwrap();
                    tree = serde_json::from_str(&stored).unwrap();
                }
                tree.push(*leaf);
            }
            prop_assert_eq!(tree.root(), naive(&leaves));
            prop_assert_eq!(tree.size(), count);
        }
    }
}
