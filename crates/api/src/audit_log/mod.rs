//! `/api/v1/audit-log`: who did what (decision record 28). An extension of ours.

mod list;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

const TAG: &str = "Audit log";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/audit-log", list::operation(), list::handler)]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}
