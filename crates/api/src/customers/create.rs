//! `POST /api/v1/customers`: makes a customer.

use scrip_ledger::{NewRecord, RecordKind, Work};
use serde_json::Value;

use super::profile::{Profile, member_schemas, payment_method_schema};
use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::read_body;
use crate::openapi::Operation;
use crate::openapi::schema::{self, closed, id, nullable, optional, required};

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let work = Work::CreateRecord(parse(write.body())?);
    write.execute(work, |answer| view::answered(answer).map(Reply::created)).await
}

fn parse(body: &[u8]) -> Result<NewRecord, ApiError> {
    let profile: Profile<'_> = read_body(body)?;
    let id = profile.id.as_ref().ok_or_else(|| ApiError::bad_input("id is missing"))?;
    let id = fields::customer("id", &id.0)?.as_str().to_owned();
    let mut body = profile.members()?;
    body.retain(|_, value| !value.is_null());
    Ok(NewRecord { kind: RecordKind::Customer, id, body })
}

pub(super) fn operation() -> Operation {
    Operation::new("createCustomer", TAG, "Create a customer")
        .body("CreateCustomerRequest")
        .answers(201, "The customer", "CustomerResponse")
        .refuses(&[501])
}

pub(super) fn schema() -> Value {
    let mut members = vec![required("id", id(schema::CUSTOMER_ID))];
    members.extend(member_schemas());
    members.push(optional("defaultPaymentMethod", nullable(payment_method_schema())));
    closed(members)
}
