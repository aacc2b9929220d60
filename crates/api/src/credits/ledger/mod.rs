//! `/api/v1/credits/ledger`.

mod export;
mod list;
mod proof;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

pub(crate) use view::write as write_row;

const TAG: &str = "Credit ledger";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let export = "/api/v1/credits/ledger/export";
    vec![
        Endpoint::get("/api/v1/credits/ledger", list::operation(), list::handler),
        Endpoint::get(export, export::operation(), export::handler),
        Endpoint::get("/api/v1/credits/ledger/proof", proof::operation(), proof::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    [view::components(), export::components(), proof::components()].concat()
}
