//! The tree of hashes over the heads of an anchor: that of RFC 6962, with the leaves of this file.

use scrip_core::Digest;
use sha2::{Digest as _, Sha256};

/// A wallet's last row at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalletHead {
    /// The digest of the wallet's key, with which its chain begins: [`scrip_core::genesis`].
    pub wallet: [u8; 32],
    /// The row's sequence.
    pub sequence: u64,
    /// The row's hash.
    pub hash: [u8; 32],
}

impl WalletHead {
    /// A row of the wallet whose chain begins with a digest.
    #[must_use]
    pub const fn new(wallet: Digest, sequence: u64, hash: Digest) -> Self {
        Self { wallet: *wallet.as_bytes(), sequence, hash: *hash.as_bytes() }
    }

    /// The leaf that stands for it: no node can be taken for one.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        let hasher = Sha256::new()
            .chain_update([0])
            .chain_update(self.wallet)
            .chain_update(self.sequence.to_be_bytes())
            .chain_update(self.hash);
        Digest::from_bytes(hasher.finalize().into())
    }
}

fn node(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// Where a tree of so many leaves, two at least, is parted: the largest power of two below.
const fn parting(leaves: usize) -> usize {
    leaves.next_power_of_two() / 2
}

/// The root over leaves, or over roots of subtrees of one size, the last of which may have less.
#[must_use]
pub fn root(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => Digest::from_bytes(Sha256::digest([]).into()),
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(parting(hashes.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The hashes with which a leaf comes to the root, the nearest first; none for a leaf that is not there.
#[must_use]
pub fn path(hashes: &[Digest], index: usize) -> Option<Vec<Digest>> {
    match hashes {
        [] => None,
        [_] => (index == 0).then(Vec::new),
        _ => {
            let at = parting(hashes.len());
            let (left, right) = hashes.split_at(at);
            let (mut path, other) = match index.checked_sub(at) {
                None => (path(left, index)?, root(right)),
                Some(index) => (path(right, index)?, root(left)),
            };
            path.push(other);
            Some(path)
        }
    }
}

/// The root that a leaf comes to along a path, in a tree of so many leaves; none if the path is not as
/// long as it must be.
#[must_use]
pub fn climb(leaf: Digest, index: u64, leaves: u64, path: &[Digest]) -> Option<Digest> {
    let mut last = leaves.checked_sub(1).filter(|last| index <= *last)?;
    let (mut index, mut hash) = (index, leaf);
    for other in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            hash = node(other, &hash);
            // A subtree that has no right neighbour is moved up as it is.
            while index & 1 == 0 && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            hash = node(&hash, other);
        }
        (index, last) = (index / 2, last / 2);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count)
            .map(|at| WalletHead { wallet: [7; 32], sequence: at, hash: [8; 32] }.leaf())
            .collect()
    }

    #[test]
    fn every_leaf_comes_to_the_root_and_no_other_does() {
        for count in 1..70 {
            let hashes = leaves(count);
            let root = root(&hashes);
            for (index, leaf) in hashes.iter().enumerate() {
                let path = path(&hashes, index).unwrap();
                let at = index as u64;
                assert_eq!(climb(*leaf, at, count, &path), Some(root), "{index} of {count}");
                assert_ne!(climb(root, at, count, &path), Some(root).filter(|_| count > 1));
                if count > 1 {
                    assert_eq!(climb(*leaf, at, count, &path[1..]), None);
                    let longer = [path.as_slice(), &[root]].concat();
                    assert_eq!(climb(*leaf, at, count, &longer), None);
                }
                assert_eq!(climb(*leaf, count, count, &path), None);
            }
            assert_eq!(path(&hashes, hashes.len()), None);
        }
    }

    #[test]
    fn subtrees_come_to_the_same_root() {
        for count in [1, 4, 5, 8, 13, 64, 65, 70] {
            let hashes = leaves(count);
            let roots: Vec<Digest> = hashes.chunks(4).map(root).collect();
            assert_eq!(root(&roots), root(&hashes), "{count}");
        }
    }

    /// So that a checker in another language can be told from one that is wrong.
    #[test]
    fn the_hashes_are_those_of_the_documentation() {
        let told = leaves(3).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            root(&[]).to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let by_hand = node(&node(&leaves(3)[0], &leaves(3)[1]), &leaves(3)[2]);
        assert_eq!(root(&leaves(3)), by_hand, "{told:?}");
    }
}
