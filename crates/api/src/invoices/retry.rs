//! `POST /api/v1/invoices/{id}/retry`: the provider is to collect again what it could not.

use scrip_ledger::Work;

use super::{TAG, path_invoice, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;
use crate::payments;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    read_nothing(write.body())?;
    let id = path_invoice(write.call())?;
    let render = move |answer: &_| view::answered(numbers, answer).map(Reply::ok);
    let reply = write.execute(Work::RetryInvoice(id), render).await?;
    if reply.is_replayed() {
        return Ok(reply);
    }
    // It is asked for: whatever goes wrong from here on, the first answer is true.
    let collected = payments::collected(write.call(), id.grant(), true).await;
    let invoice = collected.ok().flatten().and_then(|grant| grant.latest_invoice());
    Ok(invoice.map_or(reply, |invoice| Reply::ok(view::body(numbers, &invoice))))
}

pub(super) fn operation() -> Operation {
    Operation::new("retryInvoice", TAG, "Collect an invoice again")
        .text(
            "Of an invoice that a payment provider collects and whose payment failed or needs an \
             action: it is another attempt. The answer waits for its outcome, within a bound; \
             repeated under the same `Idempotency-Key` it shows the invoice as it was when the \
             attempt was written.",
        )
        .path("id", "The invoice's id")
        .answers(200, "The invoice", "InvoiceResponse")
        .refuses(&[404])
}
