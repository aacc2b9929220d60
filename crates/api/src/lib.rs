//! Speaks the credits API over HTTP, so that the official SDKs work unmodified.
//!
//! A request passes one layer that names, authenticates and watches over it, and reaches its
//! endpoint: one file each, which parses the request once into what the core understands, has the
//! ledger carry it out, and renders the answer. Nothing here knows how anything is stored.

mod access;
mod accounts;
mod api_keys;
mod app;
mod audit_log;
mod credits;
mod cursor;
mod customers;
mod environments;
mod error;
mod events_log;
mod fields;
mod http;
mod ids;
mod invoices;
mod json;
mod limits;
mod lookup;
mod null;
mod openapi;
mod paging;
mod payment_provider;
mod payments;
mod people;
mod places;
mod portal_tokens;
mod providers;
mod refusal;
mod router;
mod service;
mod table;
mod test_clock;
mod unserved;
mod users;
mod webhooks;

pub use app::{AnchorSigning, App, AppConfig, UrlCheck};
pub use ids::{IdSource, RandomIds, SeededIds};
pub use null::null_router;
pub use payments::{Boxed, CollectPayments, MethodRefusal, NotTaken, Payments};
pub use router::{openapi, router};
pub use service::{Figures, metrics_router};
pub use users::{TokenRefusal, TokenUser, Users, VerifyUsers};
pub use webhooks::{EventPayload, event_payload, test_payload};
