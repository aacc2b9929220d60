//! `POST /api/v1/invoices/{id}/refund`: money of a paid invoice went back (decision 47).

use scrip_ledger::{InvoiceRefund, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TAG, path_invoice, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Number, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, filled_text, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    amount: Number<'a>,
    idempotency_key: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let work = Work::RefundInvoice(Box::new(parse(&write, numbers)?));
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

fn parse(write: &Write, numbers: Numbers) -> Result<InvoiceRefund, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let invoice = path_invoice(write.call())?;
    let amount = fields::money_amount("amount", request.amount, numbers)?;
    if amount.is_zero() {
        return Err(ApiError::bad_input("amount must be greater than 0"));
    }
    let key = fields::idempotency_key("idempotencyKey", &request.idempotency_key.0)?;
    Ok(InvoiceRefund { invoice, amount, key })
}

pub(super) fn operation() -> Operation {
    Operation::new("refundInvoice", TAG, "Say that money of an invoice was given back")
        .text(
            "Its grant loses the same part of its credits: `amount` of the grant times what was \
             refunded in all, divided by the total, rounded down. First those that nobody used, \
             and what expired or was voided counts; then those that were consumed, which become \
             a debt; those that are held when their hold ends. The same key with the same request \
             refunds once.",
        )
        .path("id", "The invoice's id")
        .body("RefundInvoiceRequest")
        .answers(200, "The invoice", "InvoiceResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let amount = json!({"type": "number", "exclusiveMinimum": 0});
    closed([
        required("amount", described(amount, "In the invoice's money; at most what is left")),
        required("idempotencyKey", described(filled_text(), "Under which name it happens once")),
    ])
}
