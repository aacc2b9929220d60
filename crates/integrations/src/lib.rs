//! What speaks to others by itself: deliveries of events to whoever wants to be told.
//!
//! Nothing here knows how anything is stored, or the API's server.

pub mod webhooks;
