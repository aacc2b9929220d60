//! `GET /api/v1/credits/reservations`: a customer's open reservations, newest first.

use scrip_ledger::ReservationQuery;

use super::{TAG, view};
use crate::credits::wallet::Filter;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::{self, choice, id};
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let filter = Filter::of_query(query)?;
    // Closed ones are not listed: the ledger's rows tell of them.
    query
        .one("status")?
        .map(|text| fields::choice("status", text, &[("ACTIVE", ())]))
        .transpose()?;
    let scope = filter.scope(&call, "reservations");
    let page = paging::page(query, &scope)?;
    filter.check(&call).await?;
    let Filter { customer, resource, currency } = filter;
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
