//! `POST /api/v1/credits/reservations/{reservationId}/extend`: lets a hold end at another instant
//! (decisions 69, 74, 77).

use scrip_core::Extend;
use scrip_ledger::{Answer, WalletExtend, Work};
use serde::Deserialize;
use serde_json::Value;

use super::view::Named;
use super::{TAG, path_reservation, request};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Number, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::closed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    ttl_seconds: Option<Number<'a>>,
    expires_at: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let body: Body<'_> = read_body(write.body())?;
    let resource = body.resource_id.as_ref();
    let wallet = wallet::of_body(call, &body.customer_id, &body.currency_id, resource)?;
    let ends = request::hold_end_of(body.ttl_seconds, body.expires_at.as_ref())?;
    let reservation = path_reservation(call)?;
    let named = Named { id: reservation.clone(), wallet: wallet.clone(), numbers: call.numbers() };
    let render = move |answer: &Answer| match answer {
        Answer::Reserved(reserved) => Ok(Reply::ok(named.held(reserved))),
        _ => Err(ApiError::internal("the ledger answered an extension with something else")),
    };
    let extend = Extend { reservation, ends };
    write.execute(Work::Extend(Box::new(WalletExtend { wallet, extend })), render).await
}

pub(super) fn operation() -> Operation {
    Operation::new("extendCreditReservation", TAG, "Extend a reservation")
        .text(
            "Lets an open reservation end by itself at another instant, at most 24 hours from now: \
             later, or sooner.",
        )
        .path("reservationId", "The reservation's id")
        .body("ExtendReservationRequest")
        .answers(200, "What is held until when, and the balance now", "ReservationResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    closed(wallet::members().into_iter().chain(request::end_members()))
}
