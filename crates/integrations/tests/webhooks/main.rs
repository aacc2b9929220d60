//! Deliveries over time: the clock is the test's own, and nothing waits for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod receiver;
mod retention;
mod retries;
mod world;
