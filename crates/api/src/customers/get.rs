//! `GET /api/v1/customers/{id}`: one customer, archived or not.

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::lookup::existing_customer;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let customer = existing_customer(&call, &call.path_customer()?).await?;
    Ok(Reply::ok(document(call.numbers(), |writer| view::write(writer, &customer))))
}

pub(super) fn operation() -> Operation {
    Operation::new("getCustomer", TAG, "Get a customer")
        .path("id", "The customer's id")
        .answers(200, "The customer", "CustomerResponse")
        .refuses(&[404])
}
