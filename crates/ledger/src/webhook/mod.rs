//! Webhooks as records: who is told of events, what was sent, and how far each was told.
//!
//! They are written by the API and by whoever delivers, which know nothing of each other. All
//! instants here are real time, also where a test clock governs credits (decision 40).

mod delivery;
mod endpoint;
mod progress;

pub use delivery::{Attempt, DeliveryState, WebhookDelivery};
pub use endpoint::{EarlierSelection, WebhookEndpoint, WebhookSecret, WebhookStatus, WebhookStop};
pub use progress::WebhookProgress;

pub(crate) use delivery::KEYS as DELIVERY_KEYS;

use serde::Serialize;
use serde_json::{Map, Value};

/// The members of what is kept.
fn body_of(kept: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(kept) {
        Ok(Value::Object(members)) => members,
        // Structs with named members become objects.
        _ => Map::new(),
    }
}
