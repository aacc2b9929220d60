//! `PATCH /api/v1/api-keys/{keyId}`: changes what a key is called, what it may, or when it ends.

use scrip_ledger::{ApiKeyChange, ApiKeyDeed, Permissions, Work};
use serde::Deserialize;
use serde_json::Value;

use super::request::{self, name_schema, scopes_schema};
use super::{TAG, live, refuse_itself, refuse_more, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Text, present, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, instant, nullable, optional};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    scopes: Option<Vec<Text<'a>>>,
    #[serde(default, borrow, deserialize_with = "present")]
    expires_at: Option<Option<Text<'a>>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let call = write.call();
    let name = request.name.as_ref().map(request::name).transpose()?;
    let permissions = request.scopes.as_deref().map(request::scopes).transpose()?;
    let expires_at = match request.expires_at {
        Some(Some(text)) => Some(Some(request::expires_at(call, &text)?)),
        Some(None) => Some(None),
        None => None,
    };
    let (record, key) = live(call).await?;
    refuse_more(call, key.permissions)?;
    refuse_more(call, permissions.unwrap_or(key.permissions))?;
    if permissions.is_some_and(|may| may != Permissions::Full) {
        refuse_itself(call, &record, "narrow")?;
    }
    if matches!(expires_at, Some(Some(_))) {
        refuse_itself(call, &record, "end")?;
    }
    let deed = ApiKeyDeed::Edit { name, permissions, expires_at };
    let change = ApiKeyChange { record_id: record.id, deed };
    let (work, now) = (Work::ChangeApiKey(Box::new(change)), call.real_now());
    write
        .execute_once_shown(work, None, move |answer, _| {
            Ok(Reply::ok(view::answered(answer, now)?))
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("updateApiKey", TAG, "Update an API key")
        .text("It holds from the answer on. A key narrows and ends another one, never itself.")
        .path("keyId", "The key's id")
        .body("UpdateApiKeyRequest")
        .answers(200, "The key, changed", "ApiKeyResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    closed([
        optional("name", nullable(name_schema())),
        optional("scopes", described(nullable(scopes_schema()), "Replace what it may")),
        optional("expiresAt", described(nullable(instant()), "Never, if null")),
    ])
}
