//! `PATCH /api/v1/customers/{id}`: changes what is sent; null clears.

use scrip_ledger::{RecordKind, RecordPatch, Work};
use serde_json::{Map, Value};

use super::profile::{Profile, member_schemas};
use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_body;
use crate::openapi::Operation;
use crate::openapi::schema::closed;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let members = parse(write.body())?;
    let id = write.call().path_customer()?.as_str().to_owned();
    let work = Work::PatchRecord(RecordPatch { kind: RecordKind::Customer, id, members });
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let profile: Profile<'_> = read_body(body)?;
    if profile.id.is_some() {
        return Err(ApiError::bad_input("id cannot be changed"));
    }
    if profile.default_payment_method.is_some() {
        return Err(ApiError::bad_input("defaultPaymentMethod cannot be changed here"));
    }
    profile.members()
}

pub(super) fn operation() -> Operation {
    Operation::new("updateCustomer", TAG, "Update a customer")
        .path("id", "The customer's id")
        .body("UpdateCustomerRequest")
        .answers(200, "The customer, changed", "CustomerResponse")
        .refuses(&[404, 501])
}

pub(super) fn schema() -> Value {
    closed(member_schemas())
}
