//! `GET /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}`: a delivery with what it carries.

use scrip_core::{Entity, Timestamp};
use scrip_ledger::{RecordKind, WebhookDelivery};

use super::super::{TAG, existing, payload};
use super::view;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::lookup::not_found;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let (endpoint, _) = existing(&call).await?;
    let message_id = call.path("deliveryId");
    let id = WebhookDelivery::record_id(&endpoint.id, message_id);
    let found = call.ledger().record(RecordKind::WebhookDelivery, &id).await?;
    let delivery = found.as_ref().and_then(WebhookDelivery::of);
    let delivery = delivery.ok_or_else(|| not_found(Entity::WebhookDelivery, message_id))?;
    let body = carried(&call, &delivery).await?;
    let reply = document(call.numbers(), |writer| view::write(writer, &delivery, Some(&body)));
    Ok(Reply::ok(reply))
}

/// The JSON text that it carries, with the names of now; null once the event is not kept any more.
async fn carried(call: &Call, delivery: &WebhookDelivery) -> Result<String, ApiError> {
    let none = || "null".to_owned();
    let Some(position) = delivery.position else {
        let at = Timestamp::from_milliseconds(delivery.queued_at_milliseconds);
        let body = at.map(|at| payload::test_payload(&delivery.message_id, at));
        return Ok(body.ok().and_then(|body| String::from_utf8(body).ok()).unwrap_or_else(none));
    };
    let view = call.ledger().event_at(position).await?;
    let body = view.map(|view| payload::event_payload(call.app().secret(), &view).body);
    Ok(body.and_then(|body| String::from_utf8(body).ok()).unwrap_or_else(none))
}

pub(super) fn operation() -> Operation {
    Operation::new("getWebhookDelivery", TAG, "Get a delivery with its attempts")
        .path("webhookId", "The endpoint's id")
        .path("deliveryId", "The delivery's id: the `messageId` of its event")
        .answers(200, "The delivery, and the event that it carries", "WebhookDeliveryResponse")
        .refuses(&[404])
}
