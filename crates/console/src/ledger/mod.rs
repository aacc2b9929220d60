//! Everything that happened to a customer's credits.

mod list;
pub mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new().route("/console/{environment}/customers/{id}/ledger", get(list::page))
}
