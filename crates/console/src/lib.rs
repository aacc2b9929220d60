//! The console: pages for the people who look after credits.
//!
//! It asks the API in process, in the name of the person who looks ([`Visitor`]): every number on a
//! page is one that the documented API gives, and every action is one of its operations, under an
//! `Idempotency-Key`. Who somebody is, a [`Doorkeeper`] says; without one there is no console.

mod accounts;
mod action;
mod api;
mod api_keys;
mod assets;
mod audit_log;
mod component;
mod consumption;
mod currencies;
mod customer;
mod customers;
mod environments;
mod failure;
mod form;
mod grants;
mod invoices;
mod layout;
mod ledger;
mod overview;
mod people;
pub mod portal;
mod recurring_grants;
mod reservations;
mod revenue;
mod secret;
mod security;
mod settings;
pub mod sign_in;
mod visit;
mod visitor;
mod wallets;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::routing::{any, get};
use tower::ServiceExt as _;

use self::overview::Overview;
pub use sign_in::SignIn;
pub use visitor::{Boxed, CsrfToken, Doorkeeper, EnvironmentLink, TurnedAway, Visitor};

/// What every page shares.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    api: Router,
    doorkeeper: Arc<dyn Doorkeeper>,
    sign_in: Option<SignIn>,
    overview: Overview,
}

impl Console {
    /// A console over an API, which asks in the name of whomever the doorkeeper lets in.
    #[must_use]
    pub fn new(api: Router, doorkeeper: Arc<dyn Doorkeeper>) -> Self {
        Self(Arc::new(Shared { api, doorkeeper, sign_in: None, overview: Overview::default() }))
    }

    /// A console over an API, with the pages on which people sign in.
    #[must_use]
    pub fn signing_in(api: Router, sign_in: SignIn) -> Self {
        let doorkeeper = Arc::new(sign_in.clone());
        let sign_in = Some(sign_in);
        Self(Arc::new(Shared { api, doorkeeper, sign_in, overview: Overview::default() }))
    }

    fn api(&self) -> Router {
        self.0.api.clone()
    }

    fn doorkeeper(&self) -> &dyn Doorkeeper {
        self.0.doorkeeper.as_ref()
    }

    fn overview(&self) -> &Overview {
        &self.0.overview
    }
}

/// An API with the console beside it, at `/console`. Requests of the API go the way they went.
pub fn mounted(api: Router, console: Console) -> Router {
    beside(api, &router(console), &["/console", "/console/", "/console/{*path}"])
}

/// A router that answers at some paths by another one, which is asked as if it stood alone.
fn beside(api: Router, other: &Router, paths: &[&str]) -> Router {
    let other = other.clone();
    let ask = move |request: Request| {
        let other = other.clone();
        async move {
            let Ok(response) = other.oneshot(request).await;
            response
        }
    };
    paths.iter().fold(api, |api, path| api.route(path, any(ask.clone())))
}

/// Everything under `/console`.
pub fn router(console: Console) -> Router {
    let sign_in = console.0.sign_in.clone().map(sign_in::router).unwrap_or_default();
    Router::new()
        .route("/console/assets/{name}", get(assets::file))
        .merge(overview::routes())
        .merge(customers::routes())
        .merge(customer::routes())
        .merge(grants::routes())
        .merge(recurring_grants::routes())
        .merge(reservations::routes())
        .merge(ledger::routes())
        .merge(consumption::routes())
        .merge(invoices::routes())
        .merge(currencies::routes())
        .merge(webhooks::routes())
        .merge(api_keys::routes())
        .merge(people::routes())
        .merge(environments::routes())
        .merge(accounts::routes())
        .merge(settings::routes())
        .merge(audit_log::routes())
        .merge(revenue::routes())
        .fallback(failure::nothing_here)
        .layer(from_fn(security::guard))
        .with_state(console)
        .merge(sign_in)
}
