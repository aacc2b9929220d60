//! `DELETE /api/v1/payment-provider`: nobody collects any more but the built-in provider.

use scrip_ledger::{PaymentProvider, RecordKind, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;
use crate::providers::events_path;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let events_path = events_path(write.call()).await?;
    let ids = vec![PaymentProvider::ID.to_owned()];
    let work = Work::ForgetRecords(RecordKind::PaymentProvider, ids);
    let render = move |_: &_| Ok(Reply::ok(view::body(&events_path, &PaymentProvider::Manual)));
    write.execute(work, render).await
}

pub(super) fn operation() -> Operation {
    Operation::new("deletePaymentProvider", TAG, "Remove the payment provider")
        .text(
            "Its secrets are forgotten. Invoices are kept by the built-in provider from now on; \
             those that the removed one was to collect wait until it is there again.",
        )
        .answers(200, "The built-in provider", "PaymentProviderResponse")
}
