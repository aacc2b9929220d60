//! `/api/v1/customers/{id}/integrations`: what a customer is called in other systems.

mod create;
mod get;
mod list;
mod remove;
mod update;
mod view;

use super::TAG;
use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const INTEGRATIONS: &str = "/api/v1/customers/{id}/integrations";
    const INTEGRATION: &str = "/api/v1/customers/{id}/integrations/{integrationId}";
    vec![
        Endpoint::post(INTEGRATIONS, Accepts::ONCE, create::operation(), create::handler),
        Endpoint::get(INTEGRATIONS, list::operation(), list::handler),
        Endpoint::get(INTEGRATION, get::operation(), get::handler),
        Endpoint::patch(INTEGRATION, update::operation(), update::handler),
        Endpoint::delete(INTEGRATION, remove::operation(), remove::handler),
    ]
}

pub(super) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("LinkCustomerRequest", create::schema()));
    components.push(("UpdateCustomerLinkRequest", update::schema()));
    components
}
