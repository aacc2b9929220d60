//! Who is told of events, and what became of it.

mod change;
mod create;
mod deliveries;
mod edit;
mod list;
pub mod model;
mod show;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const WEBHOOKS: &str = "/console/{environment}/webhooks";
    let of = |path: &str| format!("{WEBHOOKS}/{{webhook}}{path}");
    Router::new()
        .route(WEBHOOKS, get(list::page))
        .route("/console/{environment}/new/webhook", pages_of::<create::CreateWebhook>())
        .route(&of(""), get(show::page))
        .route(&of("/edit"), pages_of::<edit::Edit>())
        .route(&of("/rotate"), pages_of::<edit::Rotate>())
        .route(&of("/switch"), pages_of::<change::Switch>())
        .route(&of("/remove"), pages_of::<change::Remove>())
        .route(&of("/test"), pages_of::<change::Test>())
        .route(&of("/deliveries/{delivery}/redeliver"), pages_of::<deliveries::Redeliver>())
}
