//! `GET /metrics`: what the process counts about itself, for a Prometheus server.
//!
//! A router of its own, for an address of its own: whoever watches the process has no API key, and
//! whoever sends it requests need not see how it does.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use scrip_ledger::{Figure, prometheus_text};

const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who knows the figures.
pub type Figures = Arc<dyn Fn() -> Vec<Figure> + Send + Sync>;

/// The page of figures, and nothing else.
pub fn metrics_router(figures: Figures) -> Router {
    Router::new().route("/metrics", get(page)).with_state(figures)
}

async fn page(State(figures): State<Figures>) -> Response {
    let page = prometheus_text(&figures());
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], page).into_response()
}
