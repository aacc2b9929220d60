//! `/api/v1/credits`.

pub(crate) mod anchors;
pub(crate) mod auto_recharge;
pub(crate) mod balances;
pub(crate) mod consumption;
pub(crate) mod custom_currencies;
pub(crate) mod grants;
pub(crate) mod ledger;
pub(crate) mod recurring_grants;
pub(crate) mod reports;
pub(crate) mod reservations;
pub(crate) mod usage;
mod wallet;
