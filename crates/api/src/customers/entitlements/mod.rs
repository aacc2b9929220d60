//! `/api/v1/customers/{id}/entitlements`: how balances are read.

mod check;
mod list;
mod reserve;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

const TAG: &str = "Entitlements";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/v1/customers/{id}/entitlements/check",
            check::operation(),
            check::handler,
        ),
        Endpoint::get("/api/v1/customers/{id}/entitlements", list::operation(), list::handler),
    ]
}

pub(super) fn components() -> Vec<Component> {
    view::components()
}
