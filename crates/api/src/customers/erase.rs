//! `POST /api/v1/customers/{id}/erase`: what was written of the customer goes; credits and their proof stay.

use scrip_ledger::{ErasePart, EraseStep, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let customer = write.call().path_customer()?;
    let round = write.call().erase(customer.clone()).await?;
    let step = EraseStep { customer, part: ErasePart::End(round) };
    let work = Work::Erase(Box::new(step));
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("eraseCustomer", TAG, "Erase what was written of a customer")
        .text(
            "Name, email, language, timezone, metadata, passthrough and what stands on the \
             card go; and the names, comments, metadata, billing addresses and dimensions of \
             grants, reservations, recurring grants, consumptions and their ledger rows, live \
             or archived, up to now. Amounts, instants, identifiers and the chain of hashes \
             stay, so balances, totals, proofs and `scrip verify` are what they were. It \
             cannot be taken back. The answer comes when all of it is done, which may take \
             minutes for a customer with millions of rows; whoever does not wait for it does \
             not stop it. Erasing twice does no harm.",
        )
        .path("id", "The customer's id")
        .answers(200, "The customer, without words", "CustomerResponse")
        .refuses(&[404])
}
