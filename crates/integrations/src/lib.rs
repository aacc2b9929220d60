//! What speaks to others by itself: deliveries of events to whoever wants to be told, payments that
//! are collected, and issuers who say who people are.
//!
//! Nothing here knows how anything is stored, or the API's server.

mod asking;
mod client;
pub mod identity;
pub mod payments;
pub mod webhooks;

pub use client::{in_words, tls};

/// Whole milliseconds, as far as they can be counted.
fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
