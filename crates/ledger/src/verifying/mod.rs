//! Recomputing a store from its rows, wherever they lie: what every `scrip verify` compares.

mod chains;
mod entry;
mod findings;
mod fold;
mod grants;
mod states;
mod stop;
mod usage;

pub use chains::Chains;
pub use entry::{KeptState, RawEntry, row_hash};
pub use findings::{Collector, Finding, Findings, VerifyError};
pub use fold::{Linked, apply, check, fold};
pub use grants::{Grants, Listed, UnreadableGrant, check_grants};
pub use states::{States, check_states};
pub use stop::{Stop, check_related};
pub use usage::{AddedUp, Usage};

use crate::slot::{Position, Slot, WalletNumber};
use crate::work::StoreError;

/// What the tables say beside the row that is folded.
pub trait Beside {
    /// The row at a position, as it lies there.
    fn raw_entry(&self, position: Position) -> Result<Option<RawEntry>, StoreError>;

    /// A wallet's state after a row, if it was kept there.
    fn state(&self, wallet: WalletNumber, sequence: u64) -> Result<Option<KeptState>, StoreError>;
}

/// Wallets whose rows were followed.
pub trait Followed {
    /// What was seen of their grants.
    fn grants(&self) -> &Grants;

    /// What was seen of their states.
    fn states(&self) -> &States;

    /// A wallet of these that was followed to its end.
    fn whole(&self, number: WalletNumber) -> Option<&Slot>;

    /// A wallet of these whose rows do not fit each other.
    fn is_broken(&self, number: WalletNumber) -> bool;

    /// A wallet, known or unknown, was not followed to its end.
    fn has_broken(&self) -> bool;
}
