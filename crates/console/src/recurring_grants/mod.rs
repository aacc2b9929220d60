//! Credits that a customer is given anew each month or year: the list, and making, changing and ending one.

mod create;
mod edit;
mod list;
mod model;
mod stop;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const CUSTOMER: &str = "/console/{environment}/customers/{id}";
    let of = |dialog: &str| format!("{CUSTOMER}/recurring-grants/{{recurring}}{dialog}");
    Router::new()
        .route(&format!("{CUSTOMER}/recurring-grants"), get(list::page))
        .route(&format!("{CUSTOMER}/new/recurring-grant"), pages_of::<create::Create>())
        .route(&of("/edit"), pages_of::<edit::Edit>())
        .route(&of("/stop"), pages_of::<stop::Stop>())
}
