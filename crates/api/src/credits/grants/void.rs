//! `POST /api/v1/credits/grants/{id}/void`: takes back what is left of a grant.

use scrip_ledger::Work;

use super::{TAG, path_grant, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    read_nothing(write.body())?;
    let work = Work::VoidGrant(path_grant(write.call())?);
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
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
