//! `/api/v1/customers/{id}/entitlements`: how balances are read.

mod check;
mod list;
mod reserve;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

pub(crate) use check::unchanging;

const TAG: &str = "Entitlements";

/// Where a customer's entitlement to one currency is checked.
pub(crate) const CHECK: &str = "/api/v1/customers/{id}/entitlements/check";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(CHECK, check::operation(), check::handler),
        Endpoint::get("/api/v1/customers/{id}/entitlements", list::operation(), list::handler),
    ]
}

pub(super) fn components() -> Vec<Component> {
    view::components()
}
