//! `GET /api/v1/customers/{id}/integrations/{integrationId}`: one link.

use scrip_core::Entity;
use scrip_ledger::CustomerLink;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::{existing_customer, not_found};
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let customer = existing_customer(&call, &call.path_customer()?).await?;
    let id = call.path("integrationId");
    let found = CustomerLink::all_of(&customer).into_iter().find(|link| link.id == id);
    let link = found.ok_or_else(|| not_found(Entity::CustomerLink, id))?;
    Ok(Reply::ok(view::of(&link)))
}

pub(super) fn operation() -> Operation {
    Operation::new("getCustomerLink", TAG, "Get a customer's link to an integration")
        .path("id", "The customer's id")
        .path("integrationId", "The integration's id")
        .answers(200, "The link", "CustomerLinkResponse")
        .refuses(&[404])
}
