//! What a customer was given: the list, one grant, giving credits, changing a grant and taking it back.

mod burn_order;
mod create;
mod edit;
mod list;
pub mod model;
mod show;
mod void;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub use burn_order::in_burn_order;

pub fn routes() -> Router<Console> {
    const GRANTS: &str = "/console/{environment}/customers/{id}/grants";
    Router::new()
        .route(GRANTS, get(list::page))
        .route(&format!("{GRANTS}/new"), pages_of::<create::CreateGrant>())
        .route(&format!("{GRANTS}/{{grant}}"), get(show::page))
        .route(&format!("{GRANTS}/{{grant}}/edit"), pages_of::<edit::EditGrant>())
        .route(&format!("{GRANTS}/{{grant}}/void"), pages_of::<void::VoidGrant>())
}
