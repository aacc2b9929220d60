//! The portal beside the API, and which sites may use either from their pages.

use anyhow::Context as _;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method};
use scrip_console::portal::{self, Origins, Portal};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::cli::PortalOptions;

/// How long a browser remembers what a site may: it asks before each first question.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(10 * 60);

/// The API with the portal beside it.
pub fn mounted(origins: &Origins, api: Router) -> Router {
    portal::mounted(api.clone(), Portal::new(api, origins))
}

/// The sites that may frame it.
pub fn origins(options: &PortalOptions) -> anyhow::Result<Origins> {
    Origins::of(options.portal_origins.iter().cloned()).context("--portal-origins")
}

/// Lets pages of these sites read with a customer's token, and with nothing else: a browser sends no other
/// header for them that says who asks, and no cookie.
pub fn shared(origins: Origins, router: Router) -> Router {
    if !origins.are_some() {
        return router;
    }
    let header = HeaderName::from_static;
    let includes =
        move |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| origins.include(origin));
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| includes(origin)))
        .allow_methods([Method::GET])
        .allow_headers([header("x-customer-token"), header("x-scrip-numbers")])
        .expose_headers([header("x-trace-id"), header("retry-after"), header("retry-after-ms")])
        .max_age(REMEMBERED);
    router.layer(layer)
}
