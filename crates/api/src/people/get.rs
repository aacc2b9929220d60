//! `GET /api/v1/people/{personId}`: one person.

use super::{TAG, account, existing, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let account = account(&call).await?;
    let (record, person) = existing(&call, &account).await?;
    Ok(Reply::ok(view::of(&record, &person, &account)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getPerson", TAG, "Get a person")
        .path("personId", "The person's id")
        .answers(200, "The person", "PersonResponse")
        .refuses(&[404])
}
