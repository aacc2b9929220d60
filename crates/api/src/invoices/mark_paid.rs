//! `POST /api/v1/invoices/{id}/mark-paid`: the payment arrived.

use scrip_ledger::Work;

use super::{TAG, path_invoice, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    read_nothing(write.body())?;
    let work = Work::MarkInvoicePaid(path_invoice(write.call())?);
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("markInvoicePaid", TAG, "Mark an invoice paid")
        .text(
            "Of an invoice that no payment provider collects. \
             The credits of its grant count from now, or from the grant's `effectiveAt` on. A \
             grant that has ended meanwhile is granted and expires at once, and the event \
             `credit_grant.paid_after_expiry` tells of it. Repeated, it changes nothing.",
        )
        .path("id", "The invoice's id")
        .answers(200, "The invoice, paid", "InvoiceResponse")
        .refuses(&[404])
}
