//! What holds for the whole environment: its clock, and who collects payments.

mod clock;
mod page;
mod payments;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub use clock::Clock;

pub fn routes() -> Router<Console> {
    const SETTINGS: &str = "/console/{environment}/settings";
    let of = |dialog: &str| format!("{SETTINGS}{dialog}");
    Router::new()
        .route(SETTINGS, get(page::page))
        .route(&of("/clock"), pages_of::<clock::MoveClock>())
        .route(&of("/payment-provider"), pages_of::<payments::SetProvider>())
        .route(&of("/payment-provider/remove"), pages_of::<payments::RemoveProvider>())
}
