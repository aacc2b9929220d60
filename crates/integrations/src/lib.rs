//! What speaks to others by itself: deliveries of events to whoever wants to be told, and payments.
//!
//! Nothing here knows how anything is stored, or the API's server.

mod client;
pub mod payments;
pub mod webhooks;
