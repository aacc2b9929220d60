//! What stands between a socket and an endpoint: reading requests, watching over them, answering.

mod body;
mod call;
mod claim;
mod endpoint;
mod observe;
mod query;
mod rate;
mod reply;
mod user;
mod within;

pub(crate) use body::{read as read_raw, skip};
pub(crate) use call::{Call, Caller, Numbers, Write};
pub(crate) use endpoint::{Accepts, Endpoint};
pub(crate) use observe::observe;
pub(crate) use query::Query;
pub(crate) use rate::RateLimit;
pub(crate) use reply::{Reply, Streamed};
pub(crate) use within::Within;
