//! Credits that are set aside for a customer's jobs: those that are open, settling one, and letting one
//! last longer.

mod extend;
mod list;
mod model;
mod release;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const RESERVATIONS: &str = "/console/{environment}/customers/{id}/reservations";
    // Which one is in the query: an identifier may be anything, and some are no part of a path.
    Router::new()
        .route(RESERVATIONS, get(list::page))
        .route(&format!("{RESERVATIONS}/release"), pages_of::<release::Release>())
        .route(&format!("{RESERVATIONS}/extend"), pages_of::<extend::Extend>())
}
