//! `/api/v1/credits/usage`: what was consumed, over time (spec 1.6).

mod buckets;
mod get;
mod view;

use crate::http::Endpoint;
use crate::openapi::Component;

const TAG: &str = "Credit usage";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/credits/usage", get::operation(), get::handler)]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}
