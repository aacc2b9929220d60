//! Payments over time: the provider is the test's own, and so is the clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod charging;
mod crashes;
mod door;
mod hearing;
mod provider;
mod voiding;
mod world;
