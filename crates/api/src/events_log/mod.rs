//! `/api/v1/events-log`: what happened, for whoever wants to be told (spec section 4).

mod list;
mod view;

use crate::cursor::CursorScope;
use crate::http::{Call, Endpoint};
use crate::openapi::Component;
use crate::paging;

const TAG: &str = "Events";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/events-log", list::operation(), list::handler)]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}

/// An event's `messageId` is its cursor, whatever filters it was found with: a consumer resumes with
/// the last one that it has.
fn scope(call: &Call) -> CursorScope {
    paging::scope(call, "events-log")
}
