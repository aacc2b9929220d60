//! `DELETE /api/v1/people/{personId}`: somebody belongs to the account no more.

use scrip_ledger::{PersonChange, PersonDeed, Work};

use super::{TAG, account, changed, existing};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let account = account(write.call()).await?;
    let (_, person) = existing(write.call(), &account).await?;
    let deed = PersonDeed::Leave { account: account.clone() };
    let work = Work::ChangePerson(Box::new(PersonChange { email: person.email, deed }));
    changed(write, work, account).await
}

pub(super) fn operation() -> Operation {
    Operation::new("removePerson", TAG, "Remove a person")
        .text(
            "From the account, from the answer on. Whoever belongs to no account any more cannot \
             sign in, and every session is over.",
        )
        .path("personId", "The person's id")
        .answers(200, "The person, who is gone", "PersonResponse")
        .refuses(&[404])
}
