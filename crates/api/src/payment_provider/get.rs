//! `GET /api/v1/payment-provider`: who collects.

use super::{TAG, current, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::providers::events_path;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let provider = current(&call).await?;
    Ok(Reply::ok(view::body(&events_path(&call).await?, &provider)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getPaymentProvider", TAG, "Get the payment provider")
        .text("Secrets are not shown, but for the end by which their owner knows them.")
        .answers(200, "Who collects the environment's payments", "PaymentProviderResponse")
}
