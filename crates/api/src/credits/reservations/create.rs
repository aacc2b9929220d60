//! `POST /api/v1/credits/reservations`: sets credits aside without a check (decision 69).

use scrip_ledger::{Answer, WalletReserve, Work};
use serde::Deserialize;
use serde_json::Value;

use super::view::Named;
use super::{TAG, new_reserve, request};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Metadata, Number, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, closed, described, filled_text, nullable, optional, positive_amount, required,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    reservation_id: Text<'a>,
    amount: Number<'a>,
    ttl_seconds: Option<Number<'a>>,
    expires_at: Option<Text<'a>>,
    metadata: Option<Metadata>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let body: Body<'_> = read_body(write.body())?;
    let resource = body.resource_id.as_ref();
    let wallet = wallet::of_body(call, &body.customer_id, &body.currency_id, resource)?;
    let id = fields::reservation("reservationId", &body.reservation_id.0)?;
    let amount = fields::positive_amount("amount", body.amount, call.numbers())?;
    let ends = request::hold_end_of(body.ttl_seconds, body.expires_at.as_ref())?;
    let metadata = body.metadata.map(|given| fields::metadata("metadata", given)).transpose()?;
    let named = Named { id: id.clone(), wallet: wallet.clone(), numbers: call.numbers() };
    let reserve = new_reserve(id, amount, ends, metadata.unwrap_or_default());
    let render = move |answer: &Answer| match answer {
        Answer::Reserved(reserved) => Ok(Reply::ok(named.held(reserved))),
        _ => Err(ApiError::internal("the ledger answered a reservation with something else")),
    };
    write.execute(Work::Reserve(Box::new(WalletReserve { wallet, reserve })), render).await
}

pub(super) fn operation() -> Operation {
    Operation::new("createCreditReservation", TAG, "Reserve credits")
        .text(
            "Sets credits aside in the documented order, grant by grant. The same id with the same \
             request reserves once. A hold never overdraws: with too few credits nothing is held.",
        )
        .body("CreateReservationRequest")
        .answers(200, "What is held, and the balance now", "ReservationResponse")
        .refuses(&[402, 404])
}

pub(super) fn schema() -> Value {
    let id = "The same id with the same request reserves once";
    let own = [
        required("reservationId", described(filled_text(), id)),
        required("amount", positive_amount()),
        optional("metadata", nullable(schema::metadata())),
    ];
    closed(wallet::members().into_iter().chain(own).chain(request::end_members()))
}
