//! Payments by Stripe, against what stands in for it: no test waits, and none asks Stripe.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod canceling;
mod charges;
mod hearing;
mod money_back;
mod payers;
mod refusals;
mod repeated;
mod sent;
mod world;
