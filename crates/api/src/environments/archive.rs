//! `POST /api/v1/environments/{environmentId}/archive`: ends an environment.

use scrip_ledger::{EnvironmentChange, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;
use crate::places;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let own = places::own(call).await?;
    places::may_administer(call, &own)?;
    let found = places::in_path(call, &own.account).await?;
    let is_own = !call.caller().is_person() && found.number == own.number;
    if found.archived_at.is_none() && is_own {
        let message =
            "environmentId: a key does not archive its own environment: ask from another one";
        return Err(ApiError::bad("InvalidArgumentError", message));
    }
    let work = Work::ChangeEnvironments(Box::new(EnvironmentChange::Archive(found.number)));
    write.execute_once_shown(work, None, |answer, _| Ok(Reply::ok(view::answered(answer)?))).await
}

pub(super) fn operation() -> Operation {
    Operation::new("archiveEnvironment", TAG, "Archive an environment")
        .text(
            "For good. Its keys are refused from the answer on, time stands still in it, and nothing \
             is told or collected of it any more. The people of the account can still read it. A key \
             archives another environment than its own.",
        )
        .path("environmentId", "The environment's id")
        .answers(200, "The environment, archived", "EnvironmentResponse")
        .refuses(&[404])
}
