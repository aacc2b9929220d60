//! `/api/v1/accounts`: whose environments are whose (decision record 30). An extension of ours.

mod archive;
mod create;
mod list;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Accounts";

/// Under this, requests are about accounts and not about an environment.
pub(crate) const PREFIX: &str = "/api/v1/accounts";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(PREFIX, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(PREFIX, list::operation(), list::handler),
        Endpoint::post(
            "/api/v1/accounts/{accountId}/archive",
            Accepts::CHANGE,
            archive::operation(),
            archive::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateAccountRequest", create::schema()));
    components
}
