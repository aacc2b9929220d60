//! `GET /api/v1/webhooks/{webhookId}`: one endpoint.

use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let (record, endpoint) = existing(&call).await?;
    Ok(Reply::ok(view::of(&record, &endpoint)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getWebhook", TAG, "Get a webhook endpoint")
        .path("webhookId", "The endpoint's id")
        .answers(200, "The endpoint", "WebhookResponse")
        .refuses(&[404])
}
