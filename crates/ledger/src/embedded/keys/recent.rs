//! The newest names, in a table that hardly ever grows.
//!
//! A table that grows moves all its entries at once and would stop the writer for a tenth of a
//! second. So all room is taken at the beginning, and a full table says so. It grows only where a
//! batch brings more names than there was reason to expect.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use scrip_core::NameHash;

use crate::slot::Position;

/// The names of an exact range of positions: behind `after`, up to and with `until`.
pub struct Recent {
    after: Position,
    until: Position,
    names_max: usize,
    names: HashMap<NameHash, Position, Scatter>,
}

/// Why a name was not taken. The table is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The table must be frozen, and the name belongs to the next one.
    #[error("the table of recent names is full")]
    Full,
    /// The position belongs to an older table.
    #[error("position {position} is not behind {after}, where the table begins")]
    Behind {
        /// Where the name is.
        position: Position,
        /// Where the table begins.
        after: Position,
    },
}

impl Recent {
    pub(super) fn new(names_max: usize, after: Position) -> Self {
        let names = HashMap::with_capacity_and_hasher(names_max, Scatter::default());
        Self { after, until: after, names_max, names }
    }

    /// Remembers where a name is, if there is room. Of two positions of a name the newer one counts.
    pub fn insert(&mut self, name: NameHash, position: Position) -> Result<(), NotTaken> {
        if self.is_full() && !self.names.contains_key(&name) {
            self.check_range(position)?;
            return Err(NotTaken::Full);
        }
        self.insert_beyond(name, position)
    }

    /// The same, room or not. A table that grows costs a pause; a name that is not taken would be
    /// unknown for ever.
    pub fn insert_beyond(&mut self, name: NameHash, position: Position) -> Result<(), NotTaken> {
        self.check_range(position)?;
        // Asked first, because the map makes room before it looks whether the name is there.
        match self.names.get_mut(&name) {
            Some(known) => *known = position.max(*known),
            None => {
                self.names.insert(name, position);
            }
        }
        self.advance(position);
        Ok(())
    }

    const fn check_range(&self, position: Position) -> Result<(), NotTaken> {
        if position > self.after {
            return Ok(());
        }
        Err(NotTaken::Behind { position, after: self.after })
    }

    /// The rows up to this position are covered, with names or without.
    pub fn advance(&mut self, until: Position) {
        self.until = self.until.max(until);
    }

    /// Where the name is.
    #[must_use]
    pub fn find(&self, name: &NameHash) -> Option<Position> {
        self.names.get(name).copied()
    }

    /// The position before the first that is covered.
    #[must_use]
    pub const fn after(&self) -> Position {
        self.after
    }

    /// The last position that is covered.
    #[must_use]
    pub const fn until(&self) -> Position {
        self.until
    }

    /// How many names are known.
    #[must_use]
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// How many names more are taken.
    #[must_use]
    pub fn room_left(&self) -> usize {
        self.names_max.saturating_sub(self.names.len())
    }

    /// No further name is taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.names.len() >= self.names_max
    }

    /// All names in order, each with its position.
    pub(super) fn sorted(&self) -> Vec<(NameHash, Position)> {
        let mut names: Vec<_> = self.names.iter().map(|(name, at)| (*name, *at)).collect();
        names.sort_unstable();
        names
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.names.capacity()
    }
}

/// Names are hashes already, but whoever chooses keys could choose those whose hashes meet in one
/// place of the table. Two secret numbers for each table make that impossible, for one product.
struct Scatter {
    secrets: [u64; 2],
}

impl Default for Scatter {
    fn default() -> Self {
        let random = RandomState::new();
        Self { secrets: [random.hash_one(1), random.hash_one(2)] }
    }
}

impl BuildHasher for Scatter {
    type Hasher = Scattered;

    fn build_hasher(&self) -> Scattered {
        Scattered { secrets: self.secrets, hash: 0 }
    }
}

struct Scattered {
    secrets: [u64; 2],
    hash: u64,
}

impl Hasher for Scattered {
    fn write(&mut self, bytes: &[u8]) {
        let halves = bytes.as_chunks::<8>().0;
        for (half, secret) in halves.iter().zip(self.secrets) {
            let mixed = u128::from(u64::from_le_bytes(*half) ^ secret);
            let product = mixed * u128::from(self.hash.rotate_left(32) ^ self.secrets[1] | 1);
            self.hash = (product >> 64) as u64 ^ product as u64;
        }
    }

    /// All names are of one length.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}
