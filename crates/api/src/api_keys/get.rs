//! `GET /api/v1/api-keys/{keyId}`: one key.

use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let (record, key) = existing(&call).await?;
    Ok(Reply::ok(view::of(&record, &key, call.real_now())))
}

pub(super) fn operation() -> Operation {
    Operation::new("getApiKey", TAG, "Get an API key")
        .path("keyId", "The key's id")
        .answers(200, "The key", "ApiKeyResponse")
        .refuses(&[404])
}
