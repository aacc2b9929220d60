//! `/api/v1/payment-provider`: who collects the environment's payments, an extension of the official
//! API.

mod get;
mod put;
mod remove;
mod view;

use scrip_ledger::PaymentProvider;

use crate::error::ApiError;
use crate::http::{Call, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Payment provider";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const PROVIDER: &str = "/api/v1/payment-provider";
    vec![
        Endpoint::get(PROVIDER, get::operation(), get::handler),
        Endpoint::put(PROVIDER, put::operation(), put::handler),
        Endpoint::delete(PROVIDER, remove::operation(), remove::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("PutPaymentProviderRequest", put::schema()));
    components
}

/// Who collects now.
async fn current(call: &Call) -> Result<PaymentProvider, ApiError> {
    let kind = scrip_ledger::RecordKind::PaymentProvider;
    let found = call.ledger().record(kind, PaymentProvider::ID).await?;
    Ok(found.as_ref().and_then(PaymentProvider::of).unwrap_or_default())
}
