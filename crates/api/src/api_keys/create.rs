//! `POST /api/v1/api-keys`: another key of the environment.

use scrip_ledger::{ApiKey, Work};
use serde::Deserialize;
use serde_json::Value;

use super::request::{self, name_schema, scopes_schema};
use super::{TAG, refuse_more, secret, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, instant, nullable, optional, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    scopes: Vec<Text<'a>>,
    expires_at: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let call = write.call();
    let name = request::name(&request.name)?;
    let permissions = request::scopes(&request.scopes)?;
    refuse_more(call, permissions)?;
    let expires_at = request.expires_at.map(|text| request::expires_at(call, &text)).transpose()?;
    let minted = secret::mint(call);
    let key = ApiKey {
        name: Some(name),
        permissions,
        expires_at,
        created_by: Some(call.caller().key_id.to_string()),
        home: (call.caller().home != call.environment()).then_some(call.caller().home),
        ..ApiKey::full(call.environment(), call.caller().sandbox, minted.kept)
    };
    let (work, now) = (Work::CreateRecord(key.record()), call.real_now());
    let shown = Some(minted.secret);
    write
        .execute_once_shown(work, shown, move |answer, secret| {
            Ok(Reply::created(view::with_secret(answer, now, secret)?).no_store())
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("createApiKey", TAG, "Create an API key")
        .text(
            "Of the environment of the key that asks. The answer shows the `secret`, and nothing \
             shows it again: not a repetition with the same `Idempotency-Key` either, whose \
             `secret` is null.",
        )
        .body("CreateApiKeyRequest")
        .answers(201, "The key, with its secret", "ApiKeyWithSecretResponse")
}

pub(super) fn schema() -> Value {
    let scopes = "What it may; none implies another, and `full` stands alone";
    closed([
        required("name", described(name_schema(), "What people call it")),
        required("scopes", described(scopes_schema(), scopes)),
        optional("expiresAt", described(nullable(instant()), "Never, if absent; by real time")),
    ])
}
