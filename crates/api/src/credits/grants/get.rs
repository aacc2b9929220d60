//! `GET /api/v1/credits/grants/{id}`: one grant.

use scrip_core::Entity;

use super::{TAG, path_grant, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::not_found;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let id = path_grant(&call)?;
    let grant = call.ledger().grant(id).await?;
    let grant = grant.ok_or_else(|| not_found(Entity::Grant, call.path("id")))?;
    Ok(Reply::ok(view::body(call.numbers(), &grant)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getCreditGrant", TAG, "Get a credit grant")
        .text("An extension of the official API.")
        .path("id", "The grant's id")
        .answers(200, "The grant as it is now", "CreditGrantResponse")
        .refuses(&[404])
}
