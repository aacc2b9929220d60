//! `GET /api/v1/credits/grants`: the grants of one wallet scope, newest first.

use scrip_ledger::GrantQuery;

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
    let (created, created_text) = paging::created_range(query)?;
    let scope = filter.scope(&call, "grants").filter("createdAt", created_text.as_deref());
    let page = paging::page(query, &scope)?;
    filter.check(&call).await?;
    let Filter { customer, resource, currency } = filter;
    let environment = call.environment();
    let query = GrantQuery { environment, customer, resource, currency, created, page };
    let page = call.ledger().grants(query).await?;
    let write = if call.is_customer() { view::write_to_customer } else { view::write };
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, write)))
}

pub(super) fn operation() -> Operation {
    let text = "Only grants of this resource; without it, only grants of no resource";
    Operation::new("listCreditGrants", TAG, "List credit grants")
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose grants")
        .query("resourceId", id(schema::PLAIN_ID), text)
        .query("currencyId", id(schema::PLAIN_ID), "Only grants of this currency")
        .created_at()
        .paged()
        .answers(200, "A page of grants, newest first", "CreditGrantList")
        .refuses(&[404])
}
