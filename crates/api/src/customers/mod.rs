//! `/api/v1/customers`.

mod archive;
mod create;
mod entitlements;
mod erase;
mod get;
mod import;
mod integrations;
mod invoices;
mod list;
mod payment_method;
mod profile;
mod resources;
mod unarchive;
mod update;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

pub(crate) use entitlements::{CHECK, unchanging};
pub(crate) use profile::VENDORS;

const TAG: &str = "Customers";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const CUSTOMERS: &str = "/api/v1/customers";
    const CUSTOMER: &str = "/api/v1/customers/{id}";
    let mut endpoints = vec![
        Endpoint::post(CUSTOMERS, Accepts::ONCE, create::operation(), create::handler),
        Endpoint::get(CUSTOMERS, list::operation(), list::handler),
        Endpoint::post(
            "/api/v1/customers/import",
            Accepts::BATCH_ONCE,
            import::operation(),
            import::handler,
        ),
        Endpoint::get(CUSTOMER, get::operation(), get::handler),
        Endpoint::patch(CUSTOMER, update::operation(), update::handler),
        Endpoint::post(
            "/api/v1/customers/{id}/archive",
            Accepts::ONCE,
            archive::operation(),
            archive::handler,
        ),
        Endpoint::post(
            "/api/v1/customers/{id}/unarchive",
            Accepts::ONCE,
            unarchive::operation(),
            unarchive::handler,
        ),
        Endpoint::post(
            "/api/v1/customers/{id}/erase",
            Accepts::ONCE,
            erase::operation(),
            erase::handler,
        ),
        Endpoint::get(
            "/api/v1/customers/{id}/resources",
            resources::operation(),
            resources::handler,
        ),
        Endpoint::get("/api/v1/customers/{id}/invoices", invoices::operation(), invoices::handler),
    ];
    endpoints.extend(entitlements::endpoints());
    endpoints.extend(integrations::endpoints());
    endpoints.extend(payment_method::endpoints());
    endpoints
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.extend(resources::components());
    components.extend(invoices::components());
    components.extend(entitlements::components());
    components.extend(integrations::components());
    components.extend(payment_method::components());
    components.push(("CreateCustomerRequest", create::schema()));
    components.push(("UpdateCustomerRequest", update::schema()));
    components.push(("ImportCustomersRequest", import::schema()));
    components.push(("ImportCustomersResponse", import::response_schema()));
    components
}
