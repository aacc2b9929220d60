//! `GET /api/v1/credits/recurring-grants`: a customer's, newest first.

use scrip_ledger::{Page, RecordKind, RecordQuery};

use super::{TAG, view};
use crate::credits::wallet::Filter;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::{self, id};
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let filter = Filter::of_query(query)?;
    let scope = filter.scope(&call, "recurring-grants");
    let page = paging::page(query, &scope)?;
    filter.check(&call).await?;
    let Filter { customer, resource, currency } = filter;
    let named = [
        ("customerId", Some(customer.as_str())),
        ("currencyId", currency.as_ref().map(|id| id.as_str())),
        ("resourceId", resource.as_ref().map(|id| id.as_str())),
    ];
    let matching = named.into_iter().filter_map(|(name, id)| Some((name, id?.to_owned())));
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::RecurringGrant,
        matching: matching.collect(),
        created: Default::default(),
        archived: Some(false),
        page,
    };
    let Page { items, newer, older } = call.ledger().records(query).await?;
    let mut found = Vec::with_capacity(items.len());
    for (point, record) in items {
        found.push((point, view::of_record(&call, &record).await?));
    }
    let page = Page { items: found, newer, older };
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

pub(super) fn operation() -> Operation {
    Operation::new("listRecurringGrants", TAG, "List recurring grants")
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose")
        .query("currencyId", id(schema::PLAIN_ID), "Only of this currency")
        .query("resourceId", id(schema::PLAIN_ID), "Only of this resource")
        .paged()
        .answers(200, "A page of recurring grants, newest first", "RecurringGrantList")
        .refuses(&[404])
}
