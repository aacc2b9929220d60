//! `POST /api/v1/webhooks/{webhookId}/rotate-secret`: a new secret, and for a while the old one too.

use scrip_ledger::{RotateWebhookSecret, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, secret, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Number, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, integer, nullable, optional};

const DAY_SECONDS: i64 = 24 * 60 * 60;
const OVERLAP_SECONDS_MAX: i64 = 30 * DAY_SECONDS;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    overlap_seconds: Option<Number<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = match write.body() {
        [] => Request::default(),
        body => read_body(body)?,
    };
    let read = |number: Number<'_>| {
        fields::integer_in("overlapSeconds", number.0.get(), 0..=OVERLAP_SECONDS_MAX)
    };
    let overlap = request.overlap_seconds.map(read).transpose()?.unwrap_or(DAY_SECONDS);
    let rotate = RotateWebhookSecret {
        id: write.call().path("webhookId").to_owned(),
        secret: secret::mint(write.call()),
        overlap_milliseconds: overlap.saturating_mul(1_000),
    };
    let work = Work::RotateWebhookSecret(Box::new(rotate));
    write.execute(work, |answer| view::with_secret(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("rotateWebhookSecret", TAG, "Rotate a webhook endpoint's secret")
        .text(
            "The answer shows the new secret. Until `overlapSeconds` are over deliveries are signed \
             with both, so that a receiver can change over without missing one.",
        )
        .path("webhookId", "The endpoint's id")
        .body("RotateWebhookSecretRequest")
        .answers(200, "The endpoint, with its new secret", "WebhookWithSecretResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let overlap = nullable(integer(0, OVERLAP_SECONDS_MAX));
    closed([optional("overlapSeconds", described(overlap, "A day, if absent"))])
}
