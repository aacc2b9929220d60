//! `POST /api/v1/customers/{id}/integrations`: says what a customer is called in another system.

use scrip_core::CustomerId;
use scrip_ledger::{CustomerLink, LinkChange, LinkDeed, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{choice, closed, filled_text, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    synced_entity_id: Text<'a>,
    #[serde(borrow)]
    vendor_identifier: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let change = parse(write.call().path_customer()?, write.body())?;
    let work = Work::ChangeLink(Box::new(change));
    write.execute(work, |answer| view::answered(answer).map(Reply::created)).await
}

fn parse(customer: CustomerId, body: &[u8]) -> Result<LinkChange, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let known = CustomerLink::VENDORS.map(|vendor| (vendor, vendor));
    let vendor = fields::choice("vendorIdentifier", &request.vendor_identifier.0, &known)?;
    Ok(LinkChange {
        customer,
        id: fields::filled_text("id", &request.id)?,
        deed: LinkDeed::Make {
            vendor: vendor.to_owned(),
            synced_entity_id: fields::filled_text("syncedEntityId", &request.synced_entity_id)?,
        },
    })
}

pub(super) fn operation() -> Operation {
    Operation::new("linkCustomer", TAG, "Link a customer to an integration")
        .text("A customer has one link in an integration, which is called like the integration.")
        .path("id", "The customer's id")
        .body("LinkCustomerRequest")
        .answers(201, "The link", "CustomerLinkResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    closed([
        required("id", filled_text()),
        required("syncedEntityId", filled_text()),
        required("vendorIdentifier", choice(CustomerLink::VENDORS)),
    ])
}
