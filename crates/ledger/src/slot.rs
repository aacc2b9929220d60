//! A wallet with its place in the store.

use scrip_core::{Digest, Wallet, WalletKey, genesis};

/// The place of a row in the ledger: from 1, ascending over all wallets. 0 is no place.
pub type Position = u64;

/// A wallet's number in the store.
pub type WalletNumber = u64;

/// Where a row's relatives are; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowLinks {
    /// The wallet's previous row.
    pub previous: Position,
    /// The wallet's previous row that is not a plain consumption.
    pub previous_notable: Position,
    /// The row whose sequence is this one's with its lowest set bit cleared: with it, any sequence
    /// or instant of a wallet is a few reads away.
    pub skip: Position,
}

/// Where the last rows of a wallet are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The last row.
    pub last: Position,
    /// The last row that is not a plain consumption.
    pub last_notable: Position,
    /// The last row, its skip position, the skip position of that row and so on; last row last.
    skips: Vec<Position>,
}

impl Links {
    /// Adds the row that follows `sequence_before`, and says where its relatives are.
    pub fn append(&mut self, sequence_before: u64, position: Position, notable: bool) -> RowLinks {
        // Adding one turns the trailing ones to zeros; what clearing the lowest bit of the sum
        // leaves is what clearing those ones leaves.
        let kept = self.skips.len().saturating_sub(sequence_before.trailing_ones() as usize);
        self.skips.truncate(kept);
        let links = RowLinks {
            previous: self.last,
            previous_notable: self.last_notable,
            skip: self.skips.last().copied().unwrap_or(0),
        };
        self.skips.push(position);
        self.last = position;
        if notable {
            self.last_notable = position;
        }
        links
    }
}

/// A wallet with its place in the store.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its number; 0 until it is stored.
    pub number: WalletNumber,
    /// Where its chain begins.
    pub genesis: Digest,
    /// The wallet.
    pub wallet: Wallet,
    /// Where its rows are.
    pub links: Links,
}

impl Slot {
    /// A wallet that never changed.
    #[must_use]
    pub fn new(key: WalletKey) -> Self {
        let genesis = genesis(&key);
        Self { number: 0, genesis, wallet: Wallet::new(key), links: Links::default() }
    }
}

/// Every so many rows of a wallet its state is kept beside them.
pub const ROWS_PER_STATE: u64 = 4_096;

/// Whether the rows up to `after` crossed a multiple of [`ROWS_PER_STATE`].
#[must_use]
pub const fn state_is_due(before: u64, after: u64) -> bool {
    before / ROWS_PER_STATE != after / ROWS_PER_STATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skip_clears_the_lowest_set_bit() {
        let mut links = Links::default();
        for sequence in 1..=5_000_u64 {
            // In this test a row's position is its sequence.
            let row = links.append(sequence - 1, sequence, sequence % 7 == 0);
            assert_eq!(row.previous, sequence - 1);
            assert_eq!(row.skip, sequence & (sequence - 1));
            assert_eq!(row.previous_notable, (sequence - 1) / 7 * 7);
        }
    }
}
