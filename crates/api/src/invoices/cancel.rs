//! `POST /api/v1/invoices/{id}/cancel`: the payment will not come.

use scrip_ledger::Work;

use super::{TAG, path_invoice, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    read_nothing(write.body())?;
    let work = Work::CancelInvoice(path_invoice(write.call())?);
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("cancelInvoice", TAG, "Cancel an invoice")
        .text(
            "Of an invoice that no payment provider collects. A canceled invoice is never paid. Its \
             grant stays PAYMENT_PENDING with the payment collection FAILED, and can be voided. \
             Repeated, it changes nothing.",
        )
        .path("id", "The invoice's id")
        .answers(200, "The invoice, canceled", "InvoiceResponse")
        .refuses(&[404])
}
