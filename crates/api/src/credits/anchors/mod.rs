//! `/api/v1/credits/anchors`, and what a proof shows of an anchor (decision 32 of `docs/decisions`).

mod list;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

pub(crate) use view::write as write_anchor;

const TAG: &str = "Tamper evidence";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/credits/anchors", list::operation(), list::handler)]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}
