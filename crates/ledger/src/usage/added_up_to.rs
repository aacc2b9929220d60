//! Up to which rows usage is added up.

use crate::slot::{Position, WalletNumber};

/// Up to which row the usage of all wallets is added up. Days are written wallet by wallet, in the order of
/// their numbers, so some wallets may be further than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedUpTo {
    /// The last row of all whose usage is added up.
    pub all: Position,
    /// The last wallet that is further, and its last row.
    pub ahead: Option<(WalletNumber, Position)>,
}

impl AddedUpTo {
    /// The last row of a wallet, or of any in front of it, whose usage is added up.
    pub const fn of(self, wallet: WalletNumber) -> Position {
        match self.ahead {
            Some((last, position)) if wallet <= last => position,
            _ => self.all,
        }
    }
}

impl From<Position> for AddedUpTo {
    fn from(all: Position) -> Self {
        Self { all, ahead: None }
    }
}
