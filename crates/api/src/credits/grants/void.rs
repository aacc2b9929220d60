//! `POST /api/v1/credits/grants/{id}/void`: takes back what is left of a grant.

use scrip_ledger::Work;

use super::{TAG, path_grant, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;
use crate::payments;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    read_nothing(write.body())?;
    let id = path_grant(write.call())?;
    let render = move |answer: &_| view::answered(numbers, answer).map(Reply::ok);
    let reply = write.execute(Work::VoidGrant(id), render).await?;
    // Its invoice may have to be canceled.
    payments::look_after(write.call(), id);
    Ok(reply)
}

pub(super) fn operation() -> Operation {
    Operation::new("voidCreditGrant", TAG, "Void a credit grant")
        .text(
            "What is left of the grant leaves the balance; what was consumed stays consumed. \
             What open reservations hold of it can still be consumed by them.",
        )
        .path("id", "The grant's id")
        .answers(200, "The grant, voided", "CreditGrantResponse")
        .refuses(&[404])
}
