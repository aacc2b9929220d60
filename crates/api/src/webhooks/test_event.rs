//! `POST /api/v1/webhooks/{webhookId}/test`: sends an event about nothing.

use scrip_ledger::Work;

use super::{TAG, deliveries};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::ids::uuid;
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let message_id = uuid(write.call().app().ids().sixteen());
    let work = Work::TestWebhook(write.call().path("webhookId").to_owned(), message_id);
    write.execute(work, |answer| deliveries::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("testWebhook", TAG, "Send a test event")
        .text(
            "Sends an event of type `webhook.test`, once, whatever types the endpoint is told of. \
             The delivery tells what became of it.",
        )
        .path("webhookId", "The endpoint's id")
        .answers(200, "The delivery, on its way", "WebhookDeliveryResponse")
        .refuses(&[404])
}
