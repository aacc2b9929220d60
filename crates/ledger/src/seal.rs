//! A seal says whether a row of a table still says what was written.
//!
//! The chain of hashes proves that nobody changed a wallet's rows, but a single row that is read for
//! a list is not compared with the row before it, and no hash covers what stands beside the ledger.
//! A flipped bit is what a seal is for: it is checked whenever the row is read.

use scrip_core::NameHash;

use crate::slot::{Position, RowLinks, WalletNumber};
use crate::work::StoreError;

/// A CRC-32 over all that a row of a table says; of what lies where, so that no two fields can run
/// into each other. It is gathered first: sixteen bytes at a time would take longer than all at once.
pub struct Seal(Vec<u8>);

/// Room for nearly every ledger row and what stands beside it, in bytes.
const ROOM: usize = 768;

impl Seal {
    /// Of a row of this table.
    pub fn of(table: &str) -> Self {
        Self(Vec::with_capacity(ROOM)).text(table)
    }

    /// A number.
    pub fn number(mut self, number: impl Into<i128>) -> Self {
        self.0.extend_from_slice(&number.into().to_le_bytes());
        self
    }

    /// Bytes, and how many.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut sealed = self.number(i128::try_from(bytes.len()).unwrap_or(i128::MAX));
        sealed.0.extend_from_slice(bytes);
        sealed
    }

    /// A text.
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Something that may be missing.
    pub fn maybe<T>(self, value: Option<T>, some: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            None => self.number(0),
            Some(value) => some(self.number(1), value),
        }
    }

    /// What is stored.
    pub fn finish(self) -> u32 {
        crc32fast::hash(&self.0)
    }
}

/// What is said of a row whose seal does not fit.
pub const BROKEN: &str = "its seal does not fit what it says";

/// Refuses a row whose seal does not fit.
pub fn check(is_sealed: bool, table: &str, row: impl std::fmt::Display) -> Result<(), StoreError> {
    if is_sealed {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("{table} {row}: {BROKEN}")))
}

/// The seal of a ledger row.
pub fn of_entry(
    position: Position,
    wallet: WalletNumber,
    sequence: u64,
    links: &RowLinks,
    name: Option<NameHash>,
    row: &[u8],
) -> u32 {
    let RowLinks { previous, previous_notable, skip, types, related } = links;
    let numbers =
        [position, wallet, sequence, *previous, *previous_notable, *skip, types.0.into(), *related];
    numbers
        .into_iter()
        .fold(Seal::of("entries"), Seal::number)
        .maybe(name, |seal, name| seal.bytes(&name.0))
        .bytes(row)
        .finish()
}

/// The seal of a wallet's state that is kept beside its rows.
pub fn of_state(number: WalletNumber, sequence: u64, position: Position, state: &[u8]) -> u32 {
    let numbers = [number, sequence, position];
    numbers.into_iter().fold(Seal::of("states"), Seal::number).bytes(state).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_one_seal_because_their_fields_run_into_each_other() {
        let seals = [
            Seal::of("t").text("ab").text("c"),
            Seal::of("t").text("a").text("bc"),
            Seal::of("ta").text("b").text("c"),
            Seal::of("t").text("abc").maybe(None::<&str>, Seal::text),
            Seal::of("t").text("abc").maybe(Some(""), Seal::text),
            Seal::of("t").number(1).number(2),
            Seal::of("t").number(2).number(1),
        ];
        let mut seals: Vec<u32> = seals.into_iter().map(Seal::finish).collect();
        seals.sort_unstable();
        seals.dedup();
        assert_eq!(seals.len(), 7);
    }
}
