//! `POST /api/v1/environments/{environmentId}/reset`: a SANDBOX begins anew.

use scrip_ledger::{EnvironmentChange, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;
use crate::places;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let own = places::own(call).await?;
    let found = places::in_path(call, &own.account).await?;
    if found.number != own.number {
        places::may_administer(call, &own)?;
    }
    let work = Work::ChangeEnvironments(Box::new(EnvironmentChange::Reset(found.number)));
    write.execute_once_shown(work, None, |answer, _| Ok(Reply::ok(view::answered(answer)?))).await
}

pub(super) fn operation() -> Operation {
    Operation::new("resetEnvironment", TAG, "Reset a SANDBOX environment")
        .text(
            "Everything in it is gone for whoever asks from the answer on: customers, currencies, \
             grants, rows, webhooks, the payment provider, the test clock, cursors, idempotency keys. \
             Its name and its API keys stay, with their secrets. The rows that were stay in the store, \
             under a number that is nobody's, and `scrip verify` goes on verifying them. Other \
             environments are untouched, and a PRODUCTION environment is never reset.",
        )
        .path("environmentId", "The environment's id")
        .answers(200, "The environment, empty", "EnvironmentResponse")
        .refuses(&[404])
}
