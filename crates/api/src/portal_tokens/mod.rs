//! `/api/v1/customers/{id}/portal-tokens` and `/api/v1/portal-token`: what lets a customer see what is
//! their own, for an hour.

mod access;
mod create;
mod end;
mod own;
mod theme;
mod token;
mod view;

use scrip_ledger::Record;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

pub(crate) use access::{CUSTOMER_TOKEN, CustomerAccess, Part, admit};

const TAG: &str = "Portal";

/// The member of a customer's record that is another number whenever all tokens of before end.
const GENERATION: &str = "portalTokenGeneration";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const TOKENS: &str = "/api/v1/customers/{id}/portal-tokens";
    vec![
        Endpoint::post(TOKENS, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::delete(TOKENS, end::operation(), end::handler),
        Endpoint::get("/api/v1/portal-token", own::operation(), own::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreatePortalTokenRequest", create::schema()));
    components.push(("PortalTheme", theme::schema()));
    components
}

/// Of a customer whose tokens were never ended it is 0.
fn generation_of(customer: &Record) -> u64 {
    customer.body.get(GENERATION).and_then(serde_json::Value::as_u64).unwrap_or_default()
}
