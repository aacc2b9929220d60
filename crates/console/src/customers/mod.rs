//! Customers: the list, and making, archiving, erasing and changing one.
//!
//! What makes something new is below `/new`, here and for every noun: beside the list it would take the
//! address of whatever is called `new`.

mod archive;
mod create;
mod edit;
mod erase;
mod list;
pub mod model;
pub mod portal_links;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/console/{environment}/customers", get(list::page))
        .route("/console/{environment}/new/customer", pages_of::<create::CreateCustomer>())
        .route("/console/{environment}/customers/{id}/edit", pages_of::<edit::EditCustomer>())
        .route(
            "/console/{environment}/customers/{id}/archive",
            pages_of::<archive::ArchiveCustomer>(),
        )
        .route("/console/{environment}/customers/{id}/erase", pages_of::<erase::EraseCustomer>())
        .route(
            "/console/{environment}/customers/{id}/portal-links/make",
            pages_of::<portal_links::MakeLink>(),
        )
        .route(
            "/console/{environment}/customers/{id}/portal-links/end",
            pages_of::<portal_links::EndLinks>(),
        )
}
