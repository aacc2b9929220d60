//! `/api/v1/webhooks/{webhookId}/deliveries`: what was sent to an endpoint, and what became of it.

mod get;
mod list;
mod redeliver;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

pub(super) use view::answered;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const DELIVERIES: &str = "/api/v1/webhooks/{webhookId}/deliveries";
    const DELIVERY: &str = "/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}";
    vec![
        Endpoint::get(DELIVERIES, list::operation(), list::handler),
        Endpoint::get(DELIVERY, get::operation(), get::handler),
        Endpoint::post(
            "/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
            Accepts::ONCE,
            redeliver::operation(),
            redeliver::handler,
        ),
    ]
}

pub(super) fn components() -> Vec<Component> {
    view::components()
}
