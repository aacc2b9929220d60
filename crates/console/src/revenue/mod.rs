//! What became of the money of grants.

mod page;

use axum::Router;
use axum::routing::get;

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new().route("/console/{environment}/revenue", get(page::page))
}
