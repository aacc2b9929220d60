//! `PATCH /api/v1/customers/{id}/integrations/{integrationId}`: a customer is called otherwise there.

use scrip_ledger::{LinkChange, LinkDeed, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{TextOrNull, read_body, required_or_null};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, filled_text, nullable, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow, deserialize_with = "required_or_null")]
    synced_entity_id: TextOrNull<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let entity = parse(write.body())?;
    let change = LinkChange {
        customer: write.call().path_customer()?,
        id: write.call().path("integrationId").to_owned(),
        deed: LinkDeed::Sync(entity),
    };
    let work = Work::ChangeLink(Box::new(change));
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

fn parse(body: &[u8]) -> Result<Option<String>, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let entity = request.synced_entity_id;
    entity.map(|text| fields::filled_text("syncedEntityId", &text)).transpose()
}

pub(super) fn operation() -> Operation {
    Operation::new("updateCustomerLink", TAG, "Update a customer's link to an integration")
        .path("id", "The customer's id")
        .path("integrationId", "The integration's id")
        .body("UpdateCustomerLinkRequest")
        .answers(200, "The link, changed", "CustomerLinkResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let entity = described(nullable(filled_text()), "null: it is not known");
    closed([required("syncedEntityId", entity)])
}
