//! `GET /api/v1/credits/ledger`: everything that changed a customer's balances, newest first.

use scrip_core::EventType;
use scrip_ledger::RowQuery;
use serde_json::json;

use super::{TAG, view};
use crate::credits::wallet::Filter;
use crate::error::ApiError;
use crate::http::{Call, Query, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::{self, filled_text, id};
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let filter = Filter::of_query(query)?;
    let reservation = query
        .one("reservationId")?
        .map(|text| fields::reservation("reservationId", text))
        .transpose()?;
    let event_types = event_types(query)?;
    let names: Vec<&str> = event_types.iter().map(|known| known.as_str()).collect();
    let names = (!names.is_empty()).then(|| names.join(","));
    let scope = filter
        .scope(&call, "ledger")
        .filter("reservationId", reservation.as_ref().map(|id| id.as_str()))
        .filter("eventType", names.as_deref());
    let page = paging::page(query, &scope)?;
    filter.check(&call).await?;
    let Filter { customer, resource, currency } = filter;
    let environment = call.environment();
    let query =
        RowQuery { environment, customer, resource, currency, event_types, reservation, page };
    let page = call.ledger().rows(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

/// The event types asked for, each once and always in the same order; none means all.
fn event_types(query: &Query) -> Result<Vec<EventType>, ApiError> {
    let mut wanted = Vec::new();
    for name in query.list("eventType") {
        let known = EventType::parse(name.trim()).ok_or_else(|| {
            ApiError::bad_input(format!(
                "eventType must not contain {name:?}: there is no such type"
            ))
        })?;
        wanted.push(known);
    }
    Ok(EventType::ALL.into_iter().filter(|known| wanted.contains(known)).collect())
}

pub(super) fn operation() -> Operation {
    let resource = "Only this resource's wallets; without it, all wallets of the customer";
    let event_type = "Only rows of these types, separated by commas";
    Operation::new("listCreditLedger", TAG, "List ledger rows")
        .text(
            "Amounts are signed: what a row did to the balance. The rows of a wallet add up to \
             its balance.",
        )
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose rows")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .query("currencyId", id(schema::PLAIN_ID), "Only rows of this currency")
        .query("eventType", json!({"type": "string"}), event_type)
        .query("reservationId", filled_text(), "Only rows of this reservation")
        .paged()
        .answers(200, "A page of rows, newest first", "CreditLedgerList")
        .refuses(&[404])
}
