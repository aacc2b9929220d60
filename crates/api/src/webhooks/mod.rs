//! `/api/v1/webhooks`: who is told of events, and what became of it (spec section 7).

mod create;
mod deliveries;
mod get;
mod list;
mod payload;
mod remove;
mod rotate_secret;
mod secret;
mod test_event;
mod update;
mod view;

use scrip_core::Entity;
use scrip_ledger::{Record, RecordKind, WebhookEndpoint};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

pub use payload::{EventPayload, event_payload, test_payload};

const TAG: &str = "Webhooks";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const WEBHOOKS: &str = "/api/v1/webhooks";
    const WEBHOOK: &str = "/api/v1/webhooks/{webhookId}";
    let mut endpoints = vec![
        Endpoint::post(WEBHOOKS, Accepts::ONCE, create::operation(), create::handler),
        Endpoint::get(WEBHOOKS, list::operation(), list::handler),
        Endpoint::get(WEBHOOK, get::operation(), get::handler),
        Endpoint::patch(WEBHOOK, update::operation(), update::handler),
        Endpoint::delete(WEBHOOK, remove::operation(), remove::handler),
        Endpoint::post(
            "/api/v1/webhooks/{webhookId}/rotate-secret",
            Accepts::ONCE,
            rotate_secret::operation(),
            rotate_secret::handler,
        ),
        Endpoint::post(
            "/api/v1/webhooks/{webhookId}/test",
            Accepts::ONCE,
            test_event::operation(),
            test_event::handler,
        ),
    ];
    endpoints.extend(deliveries::endpoints());
    endpoints
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateWebhookRequest", create::schema()));
    components.push(("UpdateWebhookRequest", update::schema()));
    components.push(("RotateWebhookSecretRequest", rotate_secret::schema()));
    components.extend(deliveries::components());
    components
}

/// The live endpoint in the path, with its record.
async fn existing(call: &Call) -> Result<(Record, WebhookEndpoint), ApiError> {
    let id = call.path("webhookId");
    let found = call.ledger().record(RecordKind::WebhookEndpoint, id).await?;
    let live = found.filter(|record| record.archived_at.is_none());
    let read = live.and_then(|record| WebhookEndpoint::of(&record).map(|it| (record, it)));
    read.ok_or_else(|| not_found(Entity::WebhookEndpoint, id))
}
