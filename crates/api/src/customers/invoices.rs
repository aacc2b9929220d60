//! `GET /api/v1/customers/{id}/invoices`: a customer's invoices, as a billing provider reports them.
//!
//! The built-in provider numbers no documents and knows no contracts. It lists invoices by when they
//! were issued; to sort pages by other members, it would have to read all of them.

use scrip_core::MoneyCurrency;
use scrip_ledger::{CreatedRange, Invoice, InvoiceStatus, Page};
use serde_json::json;

use super::TAG;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query, Reply};
use crate::invoices::{Wanted, page_of};
use crate::json::Writer;
use crate::lookup::customer_exists;
use crate::openapi::schema::{
    self, amount, choice, described, filled_text, instant, nullable, open, required,
};
use crate::openapi::{Component, Operation};
use crate::paging;

const ORDERS: [&str; 3] = ["issueDate", "dueDate", "total"];
const DIRECTIONS: [(&str, bool); 2] = [("ASC", true), ("DESC", false)];

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let customer = call.path_customer()?;
    let statuses = Wanted::statuses_of(query, "stateIn")?;
    let is_upward = order(query)?;
    let created = CreatedRange {
        gte: instant_of(query, "issuedAfter")?,
        lte: instant_of(query, "issuedBefore")?,
        ..CreatedRange::default()
    };
    let contract = query.one("contractExternalId")?;
    let text = |at: Option<scrip_core::Timestamp>| at.map(|at| at.to_string());
    let scope = paging::scope(&call, "customer-invoices")
        .filter("customerId", Some(customer.as_str()))
        .filter("stateIn", Some(&statuses.join(",")))
        .filter("orderDir", Some(if is_upward { "ASC" } else { "DESC" }))
        .filter("issuedAfter", text(created.gte).as_deref())
        .filter("issuedBefore", text(created.lte).as_deref())
        .filter("contractExternalId", contract);
    let asked = paging::page(query, &scope)?;
    customer_exists(&call, &customer).await?;
    let wanted = Wanted { customer: Some(customer), statuses, created };
    let page = if contract.is_some() {
        // An unknown contract has an empty list, and here every one is unknown.
        Page::empty()
    } else if is_upward {
        paging::seen_upward(page_of(&call, &wanted, paging::upward(asked)).await?)
    } else {
        page_of(&call, &wanted, asked).await?
    };
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, write)))
}

/// Whether the oldest come first, which is the default.
fn order(query: &Query) -> Result<bool, ApiError> {
    let known = ORDERS.map(|name| (name, name));
    let by = query.one("orderBy")?.map(|text| fields::choice("orderBy", text, &known));
    if let Some(by @ ("dueDate" | "total")) = by.transpose()? {
        let message = format!("orderBy {by}: the manual provider orders by issueDate only");
        return Err(ApiError::bad("UnsupportedParameter", message));
    }
    let direction = query.one("orderDir")?;
    direction.map_or(Ok(true), |text| fields::choice("orderDir", text, &DIRECTIONS))
}

fn instant_of(query: &Query, field: &str) -> Result<Option<scrip_core::Timestamp>, ApiError> {
    query.one(field)?.map(|text| fields::instant(field, text)).transpose()
}

fn write(writer: &mut Writer, invoice: &Invoice) {
    let (id, total) = (invoice.id, invoice.total.amount);
    let paid_at = match invoice.status {
        InvoiceStatus::Paid { at } => Some(at),
        InvoiceStatus::Open | InvoiceStatus::Canceled { .. } => None,
    };
    writer.object(|members| {
        members.plain("invoiceId", id);
        match invoice.provider.as_ref().and_then(|provider| provider.id.as_deref()) {
            Some(name) => members.text("invoiceExternalId", name),
            None => members.plain("invoiceExternalId", id),
        }
        members.null("invoiceNumber");
        members.null("contractExternalId");
        members.text("customerExternalId", invoice.wallet.customer.as_str());
        members.plain("state", invoice.status.as_str());
        members.plain("issueDate", invoice.created_at);
        members.instant_or_null("dueDate", invoice.due_at);
        members.instant_or_null("paidDate", paid_at);
        members.plain("currency", invoice.total.currency.as_str());
        members.amount("subtotal", total);
        members.amount("discount", 0);
        members.amount("tax", 0);
        members.amount("total", total);
        members.array("lineItems", [()], |writer, ()| {
            writer.object(|line| {
                line.plain("description", format_args!("Credit grant {}", id.grant()));
                line.null("productExternalId");
                line.amount("quantity", 1);
                line.amount("unitPrice", total);
                line.amount("amount", total);
            });
        });
    });
}

pub(super) fn operation() -> Operation {
    let states = json!({"type": "array", "items": choice(InvoiceStatus::NAMES)});
    let order = "Only issueDate is served";
    let contract = "An unknown contract has an empty list; the manual provider knows none";
    let directions = choice(DIRECTIONS.map(|(name, _)| name));
    Operation::new("listCustomerInvoices", TAG, "List a customer's invoices")
        .path("id", "The customer's id")
        .query_list("stateIn", states, "Only in one of these states")
        .query("issuedAfter", instant(), "Only what was issued at or after this instant")
        .query("issuedBefore", instant(), "Only what was issued at or before this instant")
        .query("contractExternalId", filled_text(), contract)
        .query("orderBy", choice(ORDERS), order)
        .query("orderDir", directions, "ASC, the default, is oldest first")
        .paged()
        .answers(200, "A page of invoices", "CustomerInvoiceList")
        .refuses(&[404])
}

pub(super) fn components() -> Vec<Component> {
    let line = open([
        required("description", nullable(schema::text())),
        required("productExternalId", nullable(schema::text())),
        required("quantity", nullable(amount())),
        required("unitPrice", nullable(amount())),
        required("amount", nullable(amount())),
    ]);
    let number = "The manual provider numbers no documents";
    let invoice = open([
        required("invoiceId", schema::text()),
        required("invoiceExternalId", nullable(schema::text())),
        required("invoiceNumber", described(nullable(schema::text()), number)),
        required("contractExternalId", nullable(schema::text())),
        required("customerExternalId", nullable(schema::text())),
        required("state", choice(InvoiceStatus::NAMES)),
        required("issueDate", nullable(instant())),
        required("dueDate", nullable(instant())),
        required("paidDate", nullable(instant())),
        required("currency", nullable(choice(MoneyCurrency::ALL))),
        required("subtotal", nullable(amount())),
        required("discount", nullable(amount())),
        required("tax", nullable(amount())),
        required("total", nullable(amount())),
        required("lineItems", json!({"type": "array", "items": line})),
    ]);
    vec![("CustomerInvoice", invoice), ("CustomerInvoiceList", schema::page("CustomerInvoice"))]
}
