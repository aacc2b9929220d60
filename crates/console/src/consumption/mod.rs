//! Burning credits by hand, and giving back what was burned.

mod consume;
mod refund;

use axum::Router;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const CONSUMPTION: &str = "/console/{environment}/customers/{id}/consumption";
    Router::new()
        .route(&format!("{CONSUMPTION}/new"), pages_of::<consume::Consume>())
        .route(&format!("{CONSUMPTION}/refund"), pages_of::<refund::Refund>())
}
