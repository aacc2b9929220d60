//! What became of the money of grants, and the months whose figures stand for ever.

mod close;
pub mod model;
mod months;
mod page;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const REVENUE: &str = "/console/{environment}/revenue";
    Router::new()
        .route(REVENUE, get(page::page))
        .route(&format!("{REVENUE}/months"), get(months::page))
        .route(&format!("{REVENUE}/close"), pages_of::<close::CloseMonth>())
}
