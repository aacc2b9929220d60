//! How an environment does.

mod attention;
mod choose;
mod page;
mod sums;

use axum::Router;
use axum::routing::get;

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/console", get(choose::page))
        .route("/console/", get(choose::page))
        .route("/console/{environment}", get(page::page))
}
