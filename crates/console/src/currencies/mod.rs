//! What credits are counted in.

mod archive;
mod create;
mod list;
pub mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const CURRENCIES: &str = "/console/{environment}/currencies";
    Router::new()
        .route(CURRENCIES, get(list::page))
        .route("/console/{environment}/new/currency", pages_of::<create::CreateCurrency>())
        .route(
            &format!("{CURRENCIES}/{{currency}}/archive"),
            pages_of::<archive::ArchiveCurrency>(),
        )
}
