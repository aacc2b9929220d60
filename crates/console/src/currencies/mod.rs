//! What credits are counted in.

mod archive;
mod create;
mod edit;
mod list;
pub mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const CURRENCIES: &str = "/console/{environment}/currencies";
    let of = |dialog: &str| format!("{CURRENCIES}/{{currency}}{dialog}");
    Router::new()
        .route(CURRENCIES, get(list::page))
        .route("/console/{environment}/new/currency", pages_of::<create::CreateCurrency>())
        .route(&of("/edit"), pages_of::<edit::EditCurrency>())
        .route(&of("/archive"), pages_of::<archive::ArchiveCurrency>())
        .route(&of("/unarchive"), pages_of::<archive::UnarchiveCurrency>())
}
