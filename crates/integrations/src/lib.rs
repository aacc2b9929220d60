//! What speaks to others by itself: deliveries of events to whoever wants to be told, payments that are
//! collected, anchors that are signed and handed out, erasures that are finished, and issuers who say who
//! people are.
//!
//! Nothing here knows how anything is stored, or the API's server.

pub mod anchors;
mod asking;
mod background;
mod client;
pub mod erasures;
pub mod identity;
pub mod payments;
pub mod webhooks;

pub use client::{HttpClient, connecting, exchange, in_words, tls};

/// Whole milliseconds, as far as they can be counted.
fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
