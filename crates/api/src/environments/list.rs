//! `GET /api/v1/environments`: the environments of the account.

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Numbers, Reply};
use crate::json::document;
use crate::openapi::Operation;
use crate::places;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let own = places::own(&call).await?;
    let mut environments = places::of_account(&call, &own.account).await?;
    // In one order, also after one was reset.
    environments.sort_by_key(|environment| environment.home);
    Ok(Reply::ok(document(Numbers::AsNumbers, |writer| {
        writer.array(&environments, |writer, environment| {
            writer.object(|members| view::write(members, environment));
        });
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("listEnvironments", TAG, "List environments").answers(
        200,
        "All environments of the account that the request is for, archived ones too",
        "EnvironmentList",
    )
}
