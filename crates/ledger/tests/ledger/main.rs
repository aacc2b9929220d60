//! Every ledger keeps every promise; the embedded one keeps its own beside them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod agreement;
mod embedded;
mod listed;
mod memory;
mod postgres;
mod whole;
