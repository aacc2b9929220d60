//! `POST /api/v1/credits/reservations/{reservationId}/release`: settles a reservation, once.

use scrip_core::Release;
use scrip_ledger::{Answer, WalletRelease, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::view::Named;
use super::{TAG, path_reservation};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Number, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    consumed_amount: Number<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let body: Body<'_> = read_body(write.body())?;
    let resource = body.resource_id.as_ref();
    let wallet = wallet::of_body(call, &body.customer_id, &body.currency_id, resource)?;
    let consumed = fields::amount("consumedAmount", body.consumed_amount, call.numbers())?;
    let reservation = path_reservation(call)?;
    let named = Named { id: reservation.clone(), wallet: wallet.clone(), numbers: call.numbers() };
    let render = move |answer: &Answer| match answer {
        Answer::Released(released) => Ok(Reply::ok(named.settled(released))),
        _ => Err(ApiError::internal("the ledger answered a release with something else")),
    };
    let release = Release { reservation, consumed };
    write.execute(Work::Release(Box::new(WalletRelease { wallet, release })), render).await
}

pub(super) fn operation() -> Operation {
    Operation::new("releaseCreditReservation", TAG, "Release a reservation")
        .text(
            "Consumes what the job took and gives the rest back. Up to the reserved amount is \
             charged to the grants that backed the reservation; more is consumed normally. It \
             happens once: a repeat, whatever its amount, gets the first result.",
        )
        .path("reservationId", "The reservation's id")
        .body("ReleaseReservationRequest")
        .answers(200, "What it came to, and the balance now", "ReservationResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let consumed = json!({"type": "number", "minimum": 0, "maximum": 1_000_000_000_000_000_u64});
    let consumed = described(consumed, "What the job took; 0 gives everything back");
    closed(wallet::members().into_iter().chain([required("consumedAmount", consumed)]))
}
