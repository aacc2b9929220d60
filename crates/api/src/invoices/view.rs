//! An invoice as the API shows it.

use scrip_core::MoneyCurrency;
use scrip_ledger::{
    Answer, CollectionMethod, Invoice, InvoiceStatus, PaymentProvider, ProviderInvoice,
};

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, boolean, choice, data, described, instant, integer, nullable, open, reference,
    required,
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
        write_collection(members, invoice.provider.as_ref());
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

/// Who collects it, and how far that is.
fn write_collection(members: &mut Members<'_>, provider: Option<&ProviderInvoice>) {
    let name = provider.map_or(PaymentProvider::MANUAL, |provider| provider.provider.as_str());
    members.plain("provider", name);
    members.text_or_null("providerInvoiceId", provider.and_then(|it| it.id.as_deref()));
    let method = match provider.map(|provider| provider.method) {
        Some(CollectionMethod::Charge) => "CHARGE",
        Some(CollectionMethod::Send { .. }) | None => "INVOICE",
    };
    members.plain("collectionMethod", method);
    members.integer("attemptCount", provider.map_or(0, |provider| provider.attempts));
    members.flag("requiresAction", provider.is_some_and(ProviderInvoice::requires_action));
    members.text_or_null("paymentUrl", provider.and_then(|it| it.payment_url.as_deref()));
    members.text_or_null("pdfUrl", provider.and_then(|it| it.pdf_url.as_deref()));
    members.text_or_null("errorMessage", provider.and_then(ProviderInvoice::error_message));
}

pub(super) fn components() -> Vec<Component> {
    let due = "null if it was paid when it was made, or is charged";
    let named = "What the payment provider calls it; null until that is known";
    let attempts = "How often somebody asked a payment provider to collect it";
    let invoice = open([
        required("id", schema::text()),
        required("status", choice(InvoiceStatus::NAMES)),
        required("customerId", schema::text()),
        required("creditGrantId", described(schema::text(), "The grant that it pays for")),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("billingReason", choice(["MANUAL"])),
        required("provider", described(choice(["MANUAL", "STRIPE"]), "Who collects it")),
        required("providerInvoiceId", described(nullable(schema::text()), named)),
        required("collectionMethod", choice(["CHARGE", "INVOICE"])),
        required("attemptCount", described(integer(0, u32::MAX.into()), attempts)),
        required("requiresAction", boolean()),
        required("paymentUrl", nullable(schema::text())),
        required("pdfUrl", nullable(schema::text())),
        required("errorMessage", nullable(schema::text())),
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
