//! `PATCH /api/v1/webhooks/{webhookId}`: changes what is sent.

use scrip_ledger::{RecordKind, RecordPatch, WebhookEndpoint, WebhookStop, Work};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::create::{
    event_types, event_types_schema, plain_secret, plain_secret_schema, url, url_schema,
};
use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Text, present, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{self, boolean, closed, described, nullable, optional};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    url: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    description: Option<Option<Text<'a>>>,
    #[serde(default, borrow, deserialize_with = "present")]
    event_types: Option<Option<Vec<Text<'a>>>>,
    is_enabled: Option<bool>,
    #[serde(default, borrow, deserialize_with = "present")]
    plain_secret: Option<Option<Text<'a>>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let members = parse(&write)?;
    let (record, _) = existing(write.call()).await?;
    let (kind, id) = (RecordKind::WebhookEndpoint, record.id);
    let call = write.call();
    let newest = call.ledger().newest_event().await?;
    let work = Work::ChangeWebhook(RecordPatch { kind, id, members }, newest);
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

/// The members that change; null removes one.
fn parse(write: &Write) -> Result<Map<String, Value>, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let mut members = Map::new();
    if let Some(Text(text)) = &request.url {
        members.insert("url".to_owned(), url(write.call(), text)?.into());
    }
    if let Some(text) = &request.description {
        let kept = text.as_ref().map(|text| fields::text("description", text)).transpose()?;
        members.insert("description".to_owned(), kept.into());
    }
    if let Some(names) = &request.event_types {
        let kept = event_types(names.as_deref().unwrap_or_default())?;
        members.insert(WebhookEndpoint::EVENT_TYPES.to_owned(), json!(kept));
    }
    if let Some(is_enabled) = request.is_enabled {
        let why = (!is_enabled).then(|| WebhookStop::Asked.as_str());
        members.insert(WebhookEndpoint::DISABLED.to_owned(), why.into());
    }
    if let Some(text) = &request.plain_secret {
        let kept = text.as_ref().map(|Text(text)| plain_secret(text)).transpose()?;
        members.insert("plainSecret".to_owned(), kept.into());
    }
    Ok(members)
}

pub(super) fn operation() -> Operation {
    Operation::new("updateWebhook", TAG, "Update a webhook endpoint")
        .text(
            "Enabled again, it is sent what it missed, in order, as long as events are kept. \
             `eventTypes` hold for what happens from now on. What is pending goes to the new `url`.",
        )
        .path("webhookId", "The endpoint's id")
        .body("UpdateWebhookRequest")
        .answers(200, "The endpoint, changed", "WebhookResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    closed([
        optional("url", nullable(url_schema())),
        optional("description", described(nullable(schema::text()), "null clears it")),
        optional("eventTypes", described(nullable(event_types_schema()), "null is all")),
        optional("isEnabled", nullable(boolean())),
        optional("plainSecret", plain_secret_schema("null removes it")),
    ])
}
