//! `GET /healthz` and `GET /readyz`.

use axum::extract::State;

use crate::app::App;
use crate::error::ApiError;
use crate::http::Reply;

/// The process runs.
pub(super) async fn health() -> Reply {
    Reply::ok(br#"{"status":"ok"}"#.to_vec())
}

/// Requests should be sent here: the ledger is open and its clock is trusted (decision 45).
pub(super) async fn ready(State(app): State<App>) -> Result<Reply, ApiError> {
    if app.is_ready() {
        Ok(Reply::ok(br#"{"status":"ready"}"#.to_vec()))
    } else {
        Err(ApiError::unavailable("not ready"))
    }
}
