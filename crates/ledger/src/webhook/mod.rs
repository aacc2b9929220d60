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
