//! The worlds of the account: the list, and making, resetting and archiving one.

mod change;
mod create;
mod list;
mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

// An account is made with an environment, in the same words.
pub use create::{body, display_name, first_key, names};

pub fn routes() -> Router<Console> {
    const ENVIRONMENTS: &str = "/console/{environment}/environments";
    let of = |path: &str| format!("{ENVIRONMENTS}/{{id}}{path}");
    Router::new()
        .route(ENVIRONMENTS, get(list::page))
        .route("/console/{environment}/new/environment", pages_of::<create::CreateEnvironment>())
        .route(&of("/reset"), pages_of::<change::Reset>())
        .route(&of("/archive"), pages_of::<change::Archive>())
}
