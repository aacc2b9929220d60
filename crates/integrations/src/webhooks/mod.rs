//! Events on their way to endpoints, at least once (Standard Webhooks).
//!
//! One node tells of all events of a store; see [`Ledger::tells_the_world`]. For each endpoint it has
//! a task of its own, so that a slow one delays nobody else. A task sends one event after the other, in
//! their order. What is not taken is kept as a delivery and sent again later, while others go on; an
//! endpoint that takes nothing is sent nothing new, but for a trial now and then, so that what it missed
//! comes in order.
//!
//! [`Ledger::tells_the_world`]: scrip_ledger::Ledger::tells_the_world

mod addresses;
mod connector;
mod endpoint;
mod figures;
mod health;
mod keeper;
mod retention;
mod schedule;
mod sender;
mod signature;
mod teller;

pub use addresses::{Addresses, UrlError};
pub use figures::Figures;
pub use ipnet::IpNet;
pub use schedule::Schedule;
pub use teller::{Options, Payload, Payloads, Teller};

use crate::milliseconds;
