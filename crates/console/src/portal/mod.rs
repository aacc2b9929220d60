//! `/portal`: a customer's own page, for whoever has a portal token of the customer.
//!
//! It knows nothing by itself: the token goes with each question to the API, which says what it opens. There
//! is no session, no cookie and no script, so the page can stand in a frame of another site, if that is on the
//! list of those that may frame it.

mod failure;
mod page;
mod security;
mod theme;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::routing::get;

use crate::{assets, beside};

pub use security::{NotAnOrigin, Origins};

/// What every answer of the portal shares.
#[derive(Clone)]
pub struct Portal(Arc<Shared>);

struct Shared {
    api: Router,
    policy: HeaderValue,
    may_be_framed: bool,
}

impl Portal {
    /// A portal over an API, which these sites may show in a frame.
    #[must_use]
    pub fn new(api: Router, may_frame: &Origins) -> Self {
        let policy = may_frame.policy();
        Self(Arc::new(Shared { api, policy, may_be_framed: may_frame.are_some() }))
    }
}

/// An API with the portal beside it. Requests of the API go the way they went.
pub fn mounted(api: Router, portal: Portal) -> Router {
    beside(api, &router(portal), &["/portal", "/portal/{*path}"])
}

fn router(portal: Portal) -> Router {
    let guarded = portal.clone();
    let guard = move |request: Request, next: Next| security::guard(guarded.clone(), request, next);
    Router::new()
        .route("/portal", get(page::page))
        .route("/portal/theme.css", get(theme::stylesheet))
        .route("/portal/assets/{name}", get(assets::file))
        .fallback(failure::nothing_here)
        .layer(from_fn(guard))
        .with_state(portal)
}
