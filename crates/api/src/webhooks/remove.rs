//! `DELETE /api/v1/webhooks/{webhookId}`: somebody wants to be told of nothing any more.

use scrip_ledger::{RecordKind, Work};

use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let (record, _) = existing(write.call()).await?;
    let work = Work::ArchiveRecord(RecordKind::WebhookEndpoint, record.id);
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("deleteWebhook", TAG, "Delete a webhook endpoint")
        .text("Nothing more is sent to it, and what was sent is shown no more.")
        .path("webhookId", "The endpoint's id")
        .answers(200, "The endpoint as it was", "WebhookResponse")
        .refuses(&[404])
}
