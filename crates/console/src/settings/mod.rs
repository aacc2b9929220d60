//! What holds for the whole environment: its clock, and who collects payments.

mod clock;
mod page;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub use clock::Clock;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/console/{environment}/settings", get(page::page))
        .route("/console/{environment}/settings/clock", pages_of::<clock::MoveClock>())
}
