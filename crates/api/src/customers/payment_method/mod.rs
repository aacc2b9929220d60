//! `/api/v1/customers/{id}/payment-method`: what a customer is charged by, which the payment provider
//! keeps.

mod attach;
mod detach;

use scrip_core::CustomerId;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint, Reply};
use crate::json::document;
use crate::lookup::existing_customer;
use crate::openapi::Component;
use crate::payments::{CollectPayments, MethodRefusal, refused};

pub(super) fn endpoints() -> Vec<Endpoint> {
    const METHOD: &str = "/api/v1/customers/{id}/payment-method";
    vec![
        Endpoint::post(METHOD, Accepts::CHANGE, attach::operation(), attach::handler),
        Endpoint::delete(METHOD, detach::operation(), detach::handler),
    ]
}

pub(super) fn components() -> Vec<Component> {
    vec![("AttachPaymentMethodRequest", attach::schema())]
}

/// Who collects, if anybody does.
fn collecting(call: &Call) -> Result<&dyn CollectPayments, ApiError> {
    call.app().payments().ok_or_else(|| refused(MethodRefusal::NoProvider))
}

/// The customer as it is now.
async fn answer(call: &Call, id: &CustomerId) -> Result<Reply, ApiError> {
    let customer = existing_customer(call, id).await?;
    Ok(Reply::ok(document(call.numbers(), |writer| view::write(writer, &customer))))
}
