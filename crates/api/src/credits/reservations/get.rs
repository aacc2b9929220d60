//! `GET /api/v1/credits/reservations/{reservationId}`: a reservation, open or closed.

use scrip_core::Entity;

use super::{TAG, path_reservation, view};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::lookup::{customer_exists, existing_currency, not_found};
use crate::openapi::Operation;
use crate::openapi::schema::{self, id};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let wallet = wallet::of_query(&call)?;
    let reservation = path_reservation(&call)?;
    customer_exists(&call, &wallet.customer).await?;
    existing_currency(&call, &wallet.currency).await?;
    let found = call.ledger().reservation(&wallet, &reservation).await?;
    let found = found.ok_or_else(|| not_found(Entity::Reservation, reservation.as_str()))?;
    Ok(Reply::ok(document(call.numbers(), |writer| view::write(writer, &found))))
}

pub(super) fn operation() -> Operation {
    Operation::new("getCreditReservation", TAG, "Get a reservation")
        .path("reservationId", "The reservation's id")
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose it is")
        .required_query("currencyId", id(schema::PLAIN_ID), "Of which currency")
        .query("resourceId", id(schema::PLAIN_ID), "Of the wallet of this resource")
        .answers(200, "The reservation", "CreditReservationResponse")
        .refuses(&[404])
}
