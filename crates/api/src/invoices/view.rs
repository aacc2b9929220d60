//! An invoice as the API shows it.

use scrip_core::MoneyCurrency;
use scrip_ledger::{Answer, Invoice, InvoiceStatus};

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, choice, data, described, instant, nullable, open, reference, required,
};

/// `{"data": invoice}` of an order's answer.
pub(super) fn answered(numbers: Numbers, answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::Invoice(invoice) => Ok(body(numbers, invoice)),
        _ => Err(ApiError::internal(
            "the ledger answered an order for an invoice with something else",
        )),
    }
}

/// `{"data": invoice}`.
pub(super) fn body(numbers: Numbers, invoice: &Invoice) -> Vec<u8> {
    document(numbers, |writer| write(writer, invoice))
}

/// The invoice with every member.
pub(super) fn write(writer: &mut Writer, invoice: &Invoice) {
    let wallet = &invoice.wallet;
    let (paid_at, canceled_at) = match invoice.status {
        InvoiceStatus::Open => (None, None),
        InvoiceStatus::Paid { at } => (Some(at), None),
        InvoiceStatus::Canceled { at } => (None, Some(at)),
    };
    writer.object(|members| {
        members.plain("id", invoice.id);
        members.plain("status", invoice.status.as_str());
        members.text("customerId", wallet.customer.as_str());
        members.plain("creditGrantId", invoice.id.grant());
        members.text("currencyId", wallet.currency.as_str());
        members.text_or_null("resourceId", wallet.resource.as_ref().map(|id| id.as_str()));
        members.plain("billingReason", "MANUAL");
        members.plain("currency", invoice.total.currency.as_str());
        members.amount("subTotal", invoice.total.amount);
        members.amount("tax", 0);
        members.amount("total", invoice.total.amount);
        members.amount("refundedAmount", invoice.refunded);
        members.instant_or_null("dueDate", invoice.due_at);
        members.instant_or_null("paidAt", paid_at);
        members.instant_or_null("canceledAt", canceled_at);
        members.instant_or_null("refundedAt", invoice.returned_at);
        members.plain("createdAt", invoice.created_at);
        members.plain("updatedAt", invoice.updated_at());
    });
}

pub(super) fn components() -> Vec<Component> {
    let due = "null if it was paid when it was made";
    let invoice = open([
        required("id", schema::text()),
        required("status", choice(InvoiceStatus::NAMES)),
        required("customerId", schema::text()),
        required("creditGrantId", described(schema::text(), "The grant that it pays for")),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("billingReason", choice(["MANUAL"])),
        required("currency", described(choice(MoneyCurrency::ALL), "Of the money")),
        required("subTotal", amount()),
        required("tax", amount()),
        required("total", amount()),
        required("refundedAmount", described(amount(), "What of it was given back")),
        required("dueDate", described(nullable(instant()), due)),
        required("paidAt", nullable(instant())),
        required("canceledAt", nullable(instant())),
        required("refundedAt", described(nullable(instant()), "When money went back last")),
        required("createdAt", instant()),
        required("updatedAt", instant()),
    ]);
    vec![
        ("Invoice", invoice),
        ("InvoiceResponse", data(reference("Invoice"))),
        ("InvoiceList", schema::page("Invoice")),
    ]
}
