//! `/api/v1/credits/balances`: what wallets hold, now or at an instant of the past.

mod explain;
mod list;
mod view;

use scrip_core::Timestamp;

use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Credit balances";
const BALANCES: &str = "/api/v1/credits/balances";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(BALANCES, list::operation(), list::handler),
        Endpoint::get("/api/v1/credits/balances/explain", explain::operation(), explain::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("ExplainCreditBalanceResponse", explain::schema()));
    components
}

/// The instant of the past that is asked for, by recorded time (decision 51).
fn past(call: &Call) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = call.query().one("at")? else { return Ok(None) };
    let at = fields::instant("at", text)?;
    if at > call.now() {
        return Err(ApiError::bad_input("at must not be in the future"));
    }
    Ok(Some(at))
}

const AT: &str = "The instant of the past to look at: what was answered then, by recorded time";
