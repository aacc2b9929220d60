//! Every ledger does what the oracle says, and a ledger that does not is found out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod bounds;
mod command;
mod meets;
mod named;
mod planted;
mod seeds;
mod stripe;
