//! A delivery as the API shows it.

use scrip_core::Timestamp;
use scrip_ledger::{Answer, Attempt, DeliveryState, WebhookDelivery};
use serde_json::json;

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::lookup;
use crate::openapi::Component;
use crate::openapi::schema::{
    self, boolean, choice, data, described, instant, nullable, open, optional, reference, required,
};

pub(super) const STATES: [DeliveryState; 3] =
    [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Failed];

/// `{"data": delivery}` of an order's answer.
pub(in crate::webhooks) fn answered(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let (_, delivery) = lookup::answered(answer, "a delivery", WebhookDelivery::of)?;
    Ok(document(Numbers::AsNumbers, |writer| write(writer, &delivery, None)))
}

/// The delivery with its attempts, and with the JSON text that it carries, if that was asked for.
pub(super) fn write(writer: &mut Writer, delivery: &WebhookDelivery, carried: Option<&str>) {
    writer.object(|members| {
        members.text("id", &delivery.message_id);
        members.text("webhookId", &delivery.endpoint_id);
        members.text("eventType", &delivery.event_type);
        members.flag("isTest", delivery.position.is_none());
        members.plain("status", delivery.state.as_str());
        instant_of(members, "createdAt", Some(delivery.queued_at_milliseconds));
        instant_of(members, "nextAttemptAt", delivery.next_attempt_at_milliseconds);
        members.array("attempts", &delivery.attempts, write_attempt);
        if let Some(carried) = carried {
            members.value("payload", |writer| writer.raw(carried));
        }
    });
}

fn write_attempt(writer: &mut Writer, attempt: &Attempt) {
    writer.object(|members| {
        instant_of(members, "at", Some(attempt.at_milliseconds));
        members.integer("durationMilliseconds", attempt.duration_milliseconds);
        match attempt.status_code {
            Some(code) => members.integer("statusCode", code),
            None => members.null("statusCode"),
        }
        members.text_or_null("error", attempt.error.as_deref());
        members.text_or_null("response", attempt.response.as_deref());
    });
}

fn instant_of(members: &mut Members<'_>, name: &str, milliseconds: Option<i64>) {
    let at = milliseconds.and_then(|at| Timestamp::from_milliseconds(at).ok());
    members.instant_or_null(name, at);
}

pub(super) fn components() -> Vec<Component> {
    let whole = || json!({"type": "integer"});
    let attempt = open([
        required("at", instant()),
        required("durationMilliseconds", whole()),
        required("statusCode", nullable(whole())),
        required("error", described(nullable(json!({"type": "string"})), "null: it was taken")),
        required(
            "response",
            described(nullable(json!({"type": "string"})), "The beginning of the answer's body"),
        ),
    ]);
    let delivery = open([
        required("id", described(schema::text(), "The `messageId` of its event")),
        required("webhookId", schema::text()),
        required("eventType", schema::text()),
        required("isTest", boolean()),
        required("status", choice(STATES.map(DeliveryState::as_str))),
        required("createdAt", instant()),
        required("nextAttemptAt", nullable(instant())),
        required(
            "attempts",
            described(
                json!({"type": "array", "items": reference("WebhookAttempt")}),
                "The newest 20, oldest first",
            ),
        ),
        optional("payload", json!({"type": ["object", "null"]})),
    ]);
    vec![
        ("WebhookAttempt", attempt),
        ("WebhookDelivery", delivery),
        ("WebhookDeliveryResponse", data(reference("WebhookDelivery"))),
        ("WebhookDeliveryList", schema::page("WebhookDelivery")),
    ]
}
