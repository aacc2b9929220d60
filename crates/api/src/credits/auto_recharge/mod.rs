//! `/api/v1/credits/auto-recharge`: wallets that buy themselves credits (spec 1.7 and 2.13).

mod get;
mod put;
mod view;

pub(crate) use put::{UnitCost, unit_cost, unit_cost_schema};

use scrip_core::{WalletKey, genesis};

use crate::http::Endpoint;
use crate::ids::uuid;
use crate::openapi::Component;

const TAG: &str = "Auto-recharge";
/// The kinds of thresholds.
const THRESHOLD_TYPES: [&str; 2] = ["CREDIT_AMOUNT", "DOLLAR_AMOUNT"];
/// How long the credits of a recharge may last.
const GRANT_PERIODS: [&str; 2] = ["1_MONTH", "1_YEAR"];

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const AUTO_RECHARGE: &str = "/api/v1/credits/auto-recharge";
    vec![
        Endpoint::get(AUTO_RECHARGE, get::operation(), get::handler),
        Endpoint::put(AUTO_RECHARGE, put::operation(), put::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("SaveAutoRechargeRequest", put::schema()));
    components
}

/// What a wallet's recharge is called. A wallet has one, so its name follows from the wallet's.
pub(crate) fn configuration_id(wallet: &WalletKey) -> String {
    let digest = genesis(wallet);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid(bytes)
}
