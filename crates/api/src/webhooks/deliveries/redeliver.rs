//! `POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver`: sends one again.

use scrip_ledger::Work;

use super::super::TAG;
use super::view;
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let path = |name: &str| write.call().path(name).to_owned();
    let work = Work::Redeliver(path("webhookId"), path("deliveryId"));
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("redeliverWebhook", TAG, "Send a delivery again")
        .text(
            "At once, whatever became of it before, and under the same `webhook-id`: a receiver that \
             had it drops it.",
        )
        .path("webhookId", "The endpoint's id")
        .path("deliveryId", "The delivery's id")
        .answers(200, "The delivery, on its way", "WebhookDeliveryResponse")
        .refuses(&[404])
}
