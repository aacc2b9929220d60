//! How an environment does.

mod attention;
mod choose;
mod gathered;
mod money;
mod page;
mod sums;

use axum::Router;
use axum::routing::get;

use self::gathered::Gathered;
use self::money::Money;
use self::sums::Sums;
use crate::Console;

/// What the overview knows of each environment.
#[derive(Default)]
pub struct Overview {
    sums: Gathered<Sums>,
    money: Gathered<Money>,
}

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/console", get(choose::page))
        .route("/console/", get(choose::page))
        .route("/console/{environment}", get(page::page))
}
