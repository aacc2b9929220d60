//! `GET /api/v1/invoices`: the invoices of the environment, newest first.

use scrip_core::CustomerId;
use scrip_ledger::{
    CreatedRange, Invoice, InvoiceStatus, Page, PageRequest, RecordKind, RecordQuery,
};
use serde_json::json;

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query, Reply};
use crate::lookup::customer_exists;
use crate::openapi::Operation;
use crate::openapi::schema::{self, choice, id};
use crate::paging;

/// Which invoices a list is about.
pub(crate) struct Wanted {
    /// Of one customer.
    pub customer: Option<CustomerId>,
    /// With one of these statuses, as the API spells them.
    pub statuses: Vec<&'static str>,
    /// When they were made.
    pub created: CreatedRange,
}

impl Wanted {
    /// The statuses that a list in the query names, in the order of [`InvoiceStatus::NAMES`]; all
    /// without one.
    pub fn statuses_of(query: &Query, field: &str) -> Result<Vec<&'static str>, ApiError> {
        let known = InvoiceStatus::NAMES.map(|name| (name, name));
        let named: Result<Vec<_>, _> =
            query.list(field).map(|text| fields::choice(field, text, &known)).collect();
        let named = named?;
        let mut statuses = InvoiceStatus::NAMES.to_vec();
        statuses.retain(|name| named.is_empty() || named.contains(name));
        Ok(statuses)
    }
}

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let customer = query.one("customerId")?.map(|text| fields::customer("customerId", text));
    let customer = customer.transpose()?;
    let statuses = Wanted::statuses_of(query, "status")?;
    let scope = paging::scope(&call, "invoices")
        .filter("customerId", customer.as_ref().map(|id| id.as_str()))
        .filter("status", Some(&statuses.join(",")));
    let page = paging::page(query, &scope)?;
    if let Some(customer) = &customer {
        customer_exists(&call, customer).await?;
    }
    let wanted = Wanted { customer, statuses, created: CreatedRange::default() };
    let page = page_of(&call, &wanted, page).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

/// A page of invoices, newest first. Records are found by one value of a key, so where only some
/// statuses are asked for, each is a list of its own.
pub(crate) async fn page_of(
    call: &Call,
    wanted: &Wanted,
    page: PageRequest,
) -> Result<Page<Invoice>, ApiError> {
    let of_customer = wanted.customer.iter().map(|id| ("customerId", id.as_str().to_owned()));
    let of_customer: Vec<_> = of_customer.collect();
    let is_all = wanted.statuses.len() == InvoiceStatus::NAMES.len();
    let lists: Vec<_> = if is_all {
        vec![of_customer]
    } else {
        let of_status = |status: &&'static str| ("status", (*status).to_owned());
        let with = |status| of_customer.iter().cloned().chain([of_status(status)]).collect();
        wanted.statuses.iter().map(with).collect()
    };
    let mut pages = Vec::with_capacity(lists.len());
    for matching in lists {
        let query = RecordQuery {
            environment: call.environment(),
            kind: RecordKind::Invoice,
            matching,
            created: wanted.created,
            archived: None,
            page,
        };
        pages.push(call.ledger().records(query).await?);
    }
    let Page { items, newer, older } = paging::merged(pages, page);
    let mut invoices = Vec::with_capacity(items.len());
    for (point, record) in items {
        let wrong = || ApiError::internal(format!("the record {} is no invoice", record.id));
        invoices.push((point, Invoice::of(&record).ok_or_else(wrong)?));
    }
    Ok(Page { items: invoices, newer, older })
}

pub(super) fn operation() -> Operation {
    let statuses = json!({"type": "array", "items": choice(InvoiceStatus::NAMES)});
    Operation::new("listInvoices", TAG, "List invoices")
        .query("customerId", id(schema::CUSTOMER_ID), "Only of this customer")
        .query_list("status", statuses, "Only with one of these statuses")
        .paged()
        .answers(200, "A page of invoices, newest first", "InvoiceList")
        .refuses(&[404])
}
