//! `/api/v1/providers`: what payment providers send by themselves. They have no API key; what they send
//! is signed.

mod events;

use scrip_core::EnvironmentId;
use scrip_ledger::{PRODUCTION, SANDBOX};

use crate::http::Endpoint;

const TAG: &str = "Payment provider";

/// Under this nobody needs an API key.
pub(crate) const PREFIX: &str = "/api/v1/providers/";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![events::endpoint()]
}

/// The environments by their names.
const NAMES: [(&str, EnvironmentId); 2] = [("production", PRODUCTION), ("sandbox", SANDBOX)];

/// Where the provider of an environment sends its events.
pub(crate) fn events_path(environment: EnvironmentId) -> String {
    let known = NAMES.iter().find(|(_, known)| *known == environment);
    let name = known.map_or_else(|| environment.0.to_string(), |(name, _)| (*name).to_owned());
    format!("{PREFIX}stripe/{name}/events")
}

/// The environment that is called so.
fn environment(name: &str) -> Option<EnvironmentId> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, environment)| *environment).or_else(|| name.parse().ok().map(EnvironmentId))
}
