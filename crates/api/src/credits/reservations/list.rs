//! `GET /api/v1/credits/reservations`: a customer's open reservations, newest first.

use scrip_ledger::ReservationQuery;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::{existing_currency, existing_customer};
use crate::openapi::Operation;
use crate::openapi::schema::{self, choice, id};
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let customer = fields::customer("customerId", query.required("customerId")?)?;
    let resource =
        query.one("resourceId")?.map(|text| fields::resource("resourceId", text)).transpose()?;
    let currency =
        query.one("currencyId")?.map(|text| fields::currency("currencyId", text)).transpose()?;
    // Closed ones are not listed: the ledger's rows tell of them.
    query
        .one("status")?
        .map(|text| fields::choice("status", text, &[("ACTIVE", ())]))
        .transpose()?;
    let scope = paging::scope(&call, "reservations")
        .filter("customerId", Some(customer.as_str()))
        .filter("resourceId", resource.as_ref().map(|id| id.as_str()))
        .filter("currencyId", currency.as_ref().map(|id| id.as_str()));
    let page = paging::page(query, &scope)?;
    existing_customer(&call, &customer).await?;
    if let Some(currency) = &currency {
        existing_currency(&call, currency).await?;
    }
    let environment = call.environment();
    let query = ReservationQuery { environment, customer, resource, currency, page };
    let page = call.ledger().reservations(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

pub(super) fn operation() -> Operation {
    let resource = "Only of this resource; without it, of all wallets of the customer";
    Operation::new("listCreditReservations", TAG, "List open reservations")
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose reservations")
        .query("currencyId", id(schema::PLAIN_ID), "Only of this currency")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .query("status", choice(["ACTIVE"]), "Only open ones are listed")
        .paged()
        .answers(200, "A page of reservations, newest first", "CreditReservationList")
        .refuses(&[404])
}
