//! How far a ledger reaches.

use scrip_core::Digest;

use crate::slot::Position;

/// A row, by its position and hash: a ledger that has it is at least this long, and the same up to
/// here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The row's position; 0 is before the first row.
    pub position: Position,
    /// The row's hash.
    pub hash: Digest,
}

impl Reach {
    /// Before the first row.
    pub const START: Self = Self { position: 0, hash: Digest::from_bytes([0; 32]) };
}
