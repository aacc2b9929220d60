//! `/api/v1/events-log`: what happened, for whoever wants to be told (spec section 4).

mod list;
mod view;

use crate::cursor::CursorScope;
use crate::http::{Call, Endpoint};
use crate::openapi::Component;
use crate::paging;

pub(crate) use view::write;

const TAG: &str = "Events";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/events-log", list::operation(), list::handler)]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}

/// What the cursors of the list are bound to.
pub(crate) const LIST: &str = "events-log";

/// An event's `messageId` is its cursor, whatever filters it was found with: a consumer resumes with
/// the last one that it has.
fn scope(call: &Call) -> CursorScope {
    paging::scope(call, LIST)
}
