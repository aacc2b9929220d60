//! Who did what.

mod list;

use axum::Router;
use axum::routing::get;

use crate::Console;

pub fn routes() -> Router<Console> {
    Router::new().route("/console/{environment}/audit-log", get(list::page))
}
