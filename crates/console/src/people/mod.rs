//! Who is let in here: for owners.

mod change;
mod create;
mod list;
mod model;
mod sessions;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const PEOPLE: &str = "/console/{environment}/people";
    let of = |path: &str| format!("{PEOPLE}/{{person}}{path}");
    Router::new()
        .route(PEOPLE, get(list::page))
        .route("/console/{environment}/new/person", pages_of::<create::Invite>())
        .route(&of("/role"), pages_of::<change::SetRole>())
        .route(&of("/status"), pages_of::<change::SetStatus>())
        .route(&of("/remove"), pages_of::<change::Remove>())
        .route(&of("/link"), pages_of::<create::MakeLink>())
        .route(&of("/sessions"), get(sessions::page))
        .route(&of("/sessions/{session}/end"), pages_of::<sessions::End>())
}
