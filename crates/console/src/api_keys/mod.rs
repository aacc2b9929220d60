//! What programs are let in by.

mod change;
mod create;
mod list;
pub mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const KEYS: &str = "/console/{environment}/api-keys";
    let of = |path: &str| format!("{KEYS}/{{key}}{path}");
    Router::new()
        .route(KEYS, get(list::page))
        .route("/console/{environment}/new/api-key", pages_of::<create::CreateKey>())
        .route(&of("/rotate"), pages_of::<change::Rotate>())
        .route(&of("/revoke"), pages_of::<change::Revoke>())
}
