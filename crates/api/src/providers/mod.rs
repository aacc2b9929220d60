//! `/api/v1/providers`: what payment providers send by themselves. They have no API key; what they send
//! is signed.

mod events;

use crate::error::ApiError;
use crate::http::{Call, Endpoint};
use crate::places;

const TAG: &str = "Payment provider";

/// Under this nobody needs an API key.
pub(crate) const PREFIX: &str = "/api/v1/providers/";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![events::endpoint()]
}

/// Where the provider of an environment sends its events.
pub(crate) async fn events_path(call: &Call) -> Result<String, ApiError> {
    let own = places::own(call).await?;
    Ok(format!("{PREFIX}stripe/{}/events", own.id))
}
