//! `DELETE /api/v1/customers/{id}/integrations/{integrationId}`: a customer is known there no more.

use scrip_ledger::{LinkChange, LinkDeed, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let change = LinkChange {
        customer: write.call().path_customer()?,
        id: write.call().path("integrationId").to_owned(),
        deed: LinkDeed::Remove,
    };
    let work = Work::ChangeLink(Box::new(change));
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("unlinkCustomer", TAG, "Remove a customer's link to an integration")
        .path("id", "The customer's id")
        .path("integrationId", "The integration's id")
        .answers(200, "The link as it was", "CustomerLinkResponse")
        .refuses(&[404])
}
