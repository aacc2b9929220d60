//! `GET /api/v1/credits/grants`: the grants of one wallet scope, newest first.

use scrip_ledger::GrantQuery;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::{existing_currency, existing_customer};
use crate::openapi::Operation;
use crate::openapi::schema::{self, id};
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let customer = fields::customer("customerId", query.required("customerId")?)?;
    let resource =
        query.one("resourceId")?.map(|text| fields::resource("resourceId", text)).transpose()?;
    let currency =
        query.one("currencyId")?.map(|text| fields::currency("currencyId", text)).transpose()?;
    let (created, created_text) = paging::created_range(query)?;
    let scope = paging::scope(&call, "grants")
        .filter("customerId", Some(customer.as_str()))
        .filter("resourceId", resource.as_ref().map(|id| id.as_str()))
        .filter("currencyId", currency.as_ref().map(|id| id.as_str()))
        .filter("createdAt", created_text.as_deref());
    let page = paging::page(query, &scope)?;
    existing_customer(&call, &customer).await?;
    if let Some(currency) = &currency {
        existing_currency(&call, currency).await?;
    }
    let environment = call.environment();
    let query = GrantQuery { environment, customer, resource, currency, created, page };
    let page = call.ledger().grants(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
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
