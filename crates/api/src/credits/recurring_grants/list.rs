//! `GET /api/v1/credits/recurring-grants`: a customer's, newest first.

use scrip_ledger::{Page, RecordKind, RecordQuery};

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
    let named = [
        ("customerId", Some(customer.as_str())),
        ("currencyId", currency.as_ref().map(|id| id.as_str())),
        ("resourceId", resource.as_ref().map(|id| id.as_str())),
    ];
    let scope = named.iter().fold(paging::scope(&call, "recurring-grants"), |scope, (name, id)| {
        scope.filter(name, *id)
    });
    let page = paging::page(query, &scope)?;
    existing_customer(&call, &customer).await?;
    if let Some(currency) = &currency {
        existing_currency(&call, currency).await?;
    }
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
