//! The limits, which tests make small.

use crate::Amount;

/// One credit, in billionths.
pub const CREDIT: Amount = 1_000_000_000;

/// The limits of an environment and its wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many grants of a wallet may be neither ended nor used up (decisions 30 and 80).
    pub unfinished_grants: usize,
    /// How many holds of a wallet may be open (decision 30).
    pub open_holds: usize,
    /// How many refunds a consumption may have.
    pub refunds: usize,
    /// How many recurring grants a wallet may have.
    pub recurring_grants: usize,
    /// How many currencies may be live (decisions 30 and 80).
    pub live_currencies: usize,
    /// What a wallet's sums may reach (decisions 5 and 80).
    pub wallet_sum: Amount,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unfinished_grants: 10_000,
            open_holds: 10_000,
            refunds: 100,
            recurring_grants: 100,
            live_currencies: 100,
            wallet_sum: 1_000_000_000_000_000_000 * CREDIT,
        }
    }
}
