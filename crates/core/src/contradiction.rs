//! What cannot be: an event or a state that breaks a rule.

use crate::{Credits, Overflow};

/// An event that cannot have happened to this wallet: the ledger or the program is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A sum left its range.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// The rows are not consecutive.
    #[error("the row has sequence {found} where {expected} follows")]
    Sequence {
        /// What follows.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Time went back.
    #[error("the row is recorded before the row it follows")]
    TimeWentBack,
    /// An event names a grant or a hold that the wallet does not have.
    #[error("the row names {what}, which the wallet does not have")]
    Unknown {
        /// Which.
        what: String,
    },
    /// The balance in the row is not the sum of the effects.
    #[error("the row says that the balance is {stated}; the rows add up to {actual}")]
    Balance {
        /// The row's word.
        stated: Credits,
        /// The sum.
        actual: Credits,
    },
    /// A rule of conservation does not hold.
    #[error("{rule}")]
    Broken {
        /// What should be and is not.
        rule: &'static str,
    },
}
