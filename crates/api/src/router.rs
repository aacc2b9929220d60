//! All endpoints under one roof.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use serde_json::Value;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Endpoint, observe, skip};
use crate::openapi::{Component, document};
use crate::{
    accounts, api_keys, audit_log, credits, customers, environments, events_log, invoices,
    payment_provider, people, portal_tokens, providers, service, test_clock, unserved, webhooks,
};

/// The whole API.
pub fn router(app: App) -> Router {
    let mut routes = BTreeMap::<String, Route>::new();
    let served = endpoints().into_iter().map(|endpoint| (endpoint.path, endpoint.handler));
    let unserved = unserved::operations().map(|operation| (operation.path, operation.handler()));
    for (path, handler) in served.chain(unserved) {
        let route = routes.entry(shape(path)).or_insert_with(|| Route::new(path));
        route.handler = std::mem::take(&mut route.handler).merge(handler);
    }
    let mut router = service::pages();
    for Route { path, handler } in routes.into_values() {
        router = router.route(path, handler);
    }
    watched(router, app)
}

/// Gives a router its fallbacks and what watches over every request.
pub(crate) fn watched(router: Router<App>, app: App) -> Router {
    router
        .fallback(|request| refused(request, ApiError::no_such_path()))
        .method_not_allowed_fallback(|request| refused(request, ApiError::method_not_allowed()))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

async fn refused(request: Request, error: ApiError) -> ApiError {
    error.closing_unless(skip(request.into_body()).await)
}

/// The OpenAPI 3.1 document of everything that is served.
#[must_use]
pub fn openapi() -> Value {
    openapi_document().clone()
}

pub(crate) fn openapi_document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document(endpoints(), components()));
    &DOCUMENT
}

/// In the order of the reference.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        credits::grants::endpoints(),
        credits::consumption::endpoints(),
        credits::reservations::endpoints(),
        credits::auto_recharge::endpoints(),
        credits::recurring_grants::endpoints(),
        credits::balances::endpoints(),
        credits::ledger::endpoints(),
        credits::anchors::endpoints(),
        credits::usage::endpoints(),
        credits::reports::endpoints(),
        credits::custom_currencies::endpoints(),
        customers::endpoints(),
        portal_tokens::endpoints(),
        invoices::endpoints(),
        payment_provider::endpoints(),
        providers::endpoints(),
        events_log::endpoints(),
        webhooks::endpoints(),
        test_clock::endpoints(),
        api_keys::endpoints(),
        accounts::endpoints(),
        environments::endpoints(),
        people::endpoints(),
        audit_log::endpoints(),
        service::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn components() -> Vec<Component> {
    [
        credits::grants::components(),
        credits::consumption::components(),
        credits::reservations::components(),
        credits::auto_recharge::components(),
        credits::recurring_grants::components(),
        credits::balances::components(),
        credits::ledger::components(),
        credits::anchors::components(),
        credits::usage::components(),
        credits::reports::components(),
        credits::custom_currencies::components(),
        customers::components(),
        portal_tokens::components(),
        invoices::components(),
        payment_provider::components(),
        events_log::components(),
        webhooks::components(),
        test_clock::components(),
        api_keys::components(),
        accounts::components(),
        environments::components(),
        people::components(),
        audit_log::components(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A path with all its methods.
struct Route {
    path: &'static str,
    handler: MethodRouter<App>,
}

impl Route {
    fn new(path: &'static str) -> Self {
        Self { path, handler: MethodRouter::new() }
    }
}

/// The path without the names of its parts: what tells paths apart.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
