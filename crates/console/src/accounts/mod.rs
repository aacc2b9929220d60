//! Whose environments are whose: the list, and making and archiving an account.

mod archive;
mod create;
mod list;
mod model;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const ACCOUNTS: &str = "/console/{environment}/accounts";
    Router::new()
        .route(ACCOUNTS, get(list::page))
        .route("/console/{environment}/new/account", pages_of::<create::CreateAccount>())
        .route(&format!("{ACCOUNTS}/{{id}}/archive"), pages_of::<archive::ArchiveAccount>())
}
