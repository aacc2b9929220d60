//! `/api/v1/environments`: the worlds of an account (decision record 30). An extension of ours.

mod archive;
pub(crate) mod create;
mod list;
mod reset;
pub(crate) mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Environments";

/// Under this, requests are about an account and not about one of its environments.
pub(crate) const PREFIX: &str = "/api/v1/environments";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(PREFIX, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(PREFIX, list::operation(), list::handler),
        Endpoint::post(
            "/api/v1/environments/{environmentId}/archive",
            Accepts::CHANGE,
            archive::operation(),
            archive::handler,
        ),
        Endpoint::post(
            "/api/v1/environments/{environmentId}/reset",
            Accepts::CHANGE,
            reset::operation(),
            reset::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateEnvironmentRequest", create::schema()));
    components
}
