//! What the process says of itself, to anybody.

mod docs;
mod health;
mod metrics;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Endpoint, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::{choice, open, required};

pub use metrics::{Figures, metrics_router};

const TAG: &str = "Service";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let status = || open([required("status", choice(["ok", "ready"]))]);
    let health = Operation::open("health", TAG, "The process runs").answers_as(
        200,
        "It does",
        "application/json",
        status(),
    );
    let ready = Operation::open("readiness", TAG, "Requests should be sent here")
        .answers_as(200, "They should", "application/json", status())
        .refuses(&[503]);
    let document = Operation::open("openapi", TAG, "This document").answers_as(
        200,
        "OpenAPI 3.1",
        "application/json",
        json!({"type": "object"}),
    );
    vec![
        open_endpoint("/healthz", routing::get(health::health), health),
        open_endpoint("/readyz", routing::get(health::ready), ready),
        open_endpoint("/openapi.json", routing::get(openapi), document),
    ]
}

/// The browsable reference: pages, not part of the API.
pub(crate) fn pages() -> axum::Router<App> {
    let page = || routing::get(|| async { docs::page() });
    let file = |Path(file): Path<String>| async move { docs::file(&file) };
    axum::Router::new()
        .route("/docs", page())
        .route("/docs/", page())
        .route("/docs/{*file}", routing::get(file))
}

async fn openapi(State(_): State<App>) -> Response {
    let document: &Value = crate::router::openapi_document();
    match serde_json::to_vec(document) {
        Ok(body) => Reply::ok(body).into_response(),
        Err(error) => ApiError::internal(error.to_string()).into_response(),
    }
}

fn open_endpoint(
    path: &'static str,
    handler: routing::MethodRouter<App>,
    operation: Operation,
) -> Endpoint {
    Endpoint { method: "GET", path, handler, operation: operation.refuses(&[414, 431, 500]) }
}
