//! `GET /api/v1/invoices/{id}`: one invoice.

use scrip_core::Entity;

use super::{TAG, path_invoice, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::not_found;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let id = path_invoice(&call)?;
    // The grant knows of every invoice, even of one that has no record of its own.
    let grant = call.ledger().grant(id.grant()).await?;
    let invoice = grant.and_then(|grant| grant.latest_invoice());
    let invoice = invoice.ok_or_else(|| not_found(Entity::Invoice, call.path("id")))?;
    Ok(Reply::ok(view::body(call.numbers(), &invoice)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getInvoice", TAG, "Get an invoice")
        .path("id", "The invoice's id: the `invoiceId` of its grant")
        .answers(200, "The invoice as it is now", "InvoiceResponse")
        .refuses(&[404])
}
