//! `POST /api/v1/webhooks`: somebody wants to be told of events.

use scrip_ledger::{
    EventKind, NewRecord, RecordKind, WebhookEndpoint, WebhookStatus, WebhookStop, Work,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TAG, secret, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Reply, Write};
use crate::json::{Text, read_body};
use crate::limits::{PLAIN_SECRET_MAX, URL_MAX};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, boolean, choice, closed, described, nullable, optional, required, text_up_to,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    description: Option<Text<'a>>,
    event_types: Option<Vec<Text<'a>>>,
    is_enabled: Option<bool>,
    plain_secret: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let endpoint = parse(&write)?;
    // What happened before is none of its affair.
    let call = write.call();
    let starts_after = call.ledger().newest_event().await?;
    let body = WebhookEndpoint { starts_after, ..endpoint }.body();
    let id = mint(write.call());
    let work = Work::CreateRecord(NewRecord { kind: RecordKind::WebhookEndpoint, id, body });
    write.execute(work, |answer| view::with_secret(answer).map(Reply::created)).await
}

fn parse(write: &Write) -> Result<WebhookEndpoint, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let description = request.description.as_ref();
    let plain_secret = request.plain_secret.as_ref();
    Ok(WebhookEndpoint {
        url: url(write.call(), &request.url.0)?,
        description: description.map(|text| fields::text("description", text)).transpose()?,
        event_types: event_types(&request.event_types.unwrap_or_default())?,
        earlier_selections: Vec::new(),
        status: match request.is_enabled {
            Some(false) => WebhookStatus::Disabled(WebhookStop::Asked),
            _ => WebhookStatus::Enabled,
        },
        secrets: vec![secret::mint(write.call())],
        plain_secret: plain_secret.map(|Text(text)| self::plain_secret(text)).transpose()?,
        starts_after: 0,
    })
}

fn mint(call: &Call) -> String {
    let bits = u128::from_be_bytes(call.app().ids().sixteen()) >> 32;
    format!("webhook-{bits:024x}")
}

/// A URL that may be told of events.
pub(super) fn url(call: &Call, text: &str) -> Result<String, ApiError> {
    let checked = call.app().check_url(text);
    checked.map_err(|why| ApiError::bad_input(format!("url {why}")))?;
    Ok(text.to_owned())
}

/// Types of events that are known, each once.
pub(super) fn event_types(names: &[Text<'_>]) -> Result<Vec<String>, ApiError> {
    let known = EventKind::ALL.map(|kind| (kind.as_str(), kind));
    let mut kinds = Vec::new();
    for (index, Text(name)) in names.iter().enumerate() {
        let kind = fields::choice(&format!("eventTypes[{index}]"), name, &known)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect())
}

/// A secret that can stand in a header.
pub(super) fn plain_secret(text: &str) -> Result<String, ApiError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > PLAIN_SECRET_MAX || !is_plain {
        let message =
            format!("plainSecret must be 1 to {PLAIN_SECRET_MAX} visible ASCII characters");
        return Err(ApiError::bad_input(message));
    }
    Ok(text.to_owned())
}

pub(super) fn operation() -> Operation {
    Operation::new("createWebhook", TAG, "Create a webhook endpoint")
        .text(
            "Every event from now on is sent there, signed as Standard Webhooks has it, until it is \
             answered with a 2xx. The answer shows the `secret`, and nothing shows it again.",
        )
        .body("CreateWebhookRequest")
        .answers(201, "The endpoint, with its secret", "WebhookWithSecretResponse")
}

pub(super) fn schema() -> Value {
    closed([
        required("url", described(url_schema(), "Where events are sent")),
        optional("description", nullable(schema::text())),
        optional("eventTypes", described(nullable(event_types_schema()), "All, if absent")),
        optional("isEnabled", described(nullable(boolean()), "True, if absent")),
        optional("plainSecret", plain_secret_schema("none, if absent")),
    ])
}

pub(super) fn url_schema() -> Value {
    json!({"type": "string", "format": "uri", "maxLength": URL_MAX, "pattern": "^https?://"})
}

pub(super) fn event_types_schema() -> Value {
    json!({"type": "array", "items": choice(EventKind::ALL.map(EventKind::as_str))})
}

pub(super) fn plain_secret_schema(absent: &str) -> Value {
    let text = "Sent as it is in the header `Stigg-Webhooks-Secret`, for receivers that compare it";
    let mut secret = text_up_to(PLAIN_SECRET_MAX);
    secret["minLength"] = Value::from(1);
    secret["pattern"] = Value::from("^[!-~]+$");
    described(nullable(secret), &format!("{text}; {absent}"))
}
