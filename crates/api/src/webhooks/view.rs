//! An endpoint as the API shows it.

use scrip_ledger::{Answer, Record, WebhookEndpoint, WebhookSecret, WebhookStatus, WebhookStop};
use serde_json::json;

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::lookup;
use crate::openapi::Component;
use crate::openapi::schema::{
    self, boolean, choice, data, described, instant, nullable, open, reference, required,
};

/// `{"data": endpoint}` of an order's answer.
pub(super) fn answered(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let (record, endpoint) = read(answer)?;
    Ok(of(record, &endpoint))
}

/// The same with its newest secret.
pub(super) fn with_secret(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let (record, endpoint) = read(answer)?;
    let secret = endpoint.secrets.first();
    Ok(document(Numbers::AsNumbers, |writer| write(writer, record, &endpoint, secret)))
}

/// `{"data": endpoint}`.
pub(super) fn of(record: &Record, endpoint: &WebhookEndpoint) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, record, endpoint, None))
}

fn read(answer: &Answer) -> Result<(&Record, WebhookEndpoint), ApiError> {
    lookup::answered(answer, "a webhook", WebhookEndpoint::of)
}

/// The endpoint with every member; its secret only for whoever was just given it.
pub(super) fn write(
    writer: &mut Writer,
    record: &Record,
    endpoint: &WebhookEndpoint,
    secret: Option<&WebhookSecret>,
) {
    writer.object(|members| {
        members.text("id", &record.id);
        members.text("url", &endpoint.url);
        members.text_or_null("description", endpoint.description.as_deref());
        members.array("eventTypes", &endpoint.event_types, |writer, name| writer.text(name));
        let (status, reason) = match endpoint.status {
            WebhookStatus::Enabled => ("ENABLED", None),
            WebhookStatus::Disabled(stop) => ("DISABLED", Some(stop.as_str())),
        };
        members.plain("status", status);
        members.text_or_null("disabledReason", reason);
        members.flag("hasPlainSecret", endpoint.plain_secret.is_some());
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        if let Some(secret) = secret {
            members.text("secret", &secret.secret);
        }
    });
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        let stops = [WebhookStop::Asked, WebhookStop::Failing, WebhookStop::Gone];
        let stops = choice(stops.map(WebhookStop::as_str));
        vec![
            required("id", schema::text()),
            required("url", json!({"type": "string"})),
            required("description", nullable(schema::text())),
            required(
                "eventTypes",
                described(
                    json!({"type": "array", "items": {"type": "string"}}),
                    "Empty is all, those of later versions too",
                ),
            ),
            required("status", choice(["ENABLED", "DISABLED"])),
            required("disabledReason", nullable(stops)),
            required("hasPlainSecret", boolean()),
            required("createdAt", instant()),
            required("updatedAt", instant()),
        ]
    };
    let mut with_secret = members();
    let secret = "`whsec_` and base64, as libraries of Standard Webhooks take it";
    with_secret.push(required("secret", described(schema::text(), secret)));
    vec![
        ("Webhook", open(members())),
        ("WebhookWithSecret", open(with_secret)),
        ("WebhookResponse", data(reference("Webhook"))),
        ("WebhookWithSecretResponse", data(reference("WebhookWithSecret"))),
        ("WebhookList", schema::page("Webhook")),
    ]
}
