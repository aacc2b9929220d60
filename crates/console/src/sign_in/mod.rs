//! Signing in and out: by a password, or elsewhere; the link by which somebody does so first; and what
//! somebody signed in may do about it (decision record 28).
//!
//! Nothing that proves who somebody is reaches the ledger but as a hash, and nothing of it a log.

mod cookies;
mod doorkeeper;
mod elsewhere;
mod form;
mod link;
mod me;
mod pages;
mod password;
mod password_page;
mod session;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::Extensions;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use scrip_core::{Actor, Origin, TraceId};
use scrip_ledger::{Answer, Executed, Ledger, LedgerError, Order, SYSTEM, Work};

use crate::security;

pub use elsewhere::{Elsewhere, ElsewhereError, Identified, Started};
pub use link::{FIRST_OWNER_MINUTES, first_owner_link};
pub use password::Passwords;

/// Where people sign in.
pub const SIGN_IN: &str = "/console/sign-in";

/// Whence a request came: whoever serves puts it into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

/// How people sign in.
#[derive(Clone, Default)]
pub struct SignInOptions {
    /// Browsers reach the console with TLS only: cookies are for nothing else then.
    pub is_secure: bool,
    /// Who says who people are, beside their passwords.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// Nobody signs in by a password.
    pub without_passwords: bool,
}

/// Lets people in. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Shared>);

struct Shared {
    ledger: Arc<dyn Ledger>,
    options: SignInOptions,
    passwords: Passwords,
    throttle: throttle::Throttle,
}

impl SignIn {
    /// Over a ledger, which keeps people and their sessions.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, options: SignInOptions) -> Self {
        let (passwords, throttle) = (Passwords::new(), throttle::Throttle::new());
        Self(Arc::new(Shared { ledger, options, passwords, throttle }))
    }

    fn ledger(&self) -> &dyn Ledger {
        self.0.ledger.as_ref()
    }

    fn options(&self) -> &SignInOptions {
        &self.0.options
    }

    fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    fn throttle(&self) -> &throttle::Throttle {
        &self.0.throttle
    }

    /// Has the ledger do something about people.
    async fn execute(&self, actor: Actor, work: Work) -> Result<Answer, LedgerError> {
        let (trace_id, salt) = (TraceId(rand::random()), rand::random());
        let origin = Origin { actor, trace_id, salt };
        let order = Order { environment: SYSTEM, origin, work, remember: None };
        match self.ledger().execute(order).await? {
            Executed::Fresh(answer) => Ok(answer),
            Executed::Replayed(_) => {
                Err(LedgerError::Internal("an answer was stored that must not be".to_owned()))
            }
        }
    }
}

/// Everything under [`SIGN_IN`].
pub fn router(sign_in: SignIn) -> Router {
    Router::new()
        .route(SIGN_IN, get(password_page::show).post(password_page::sign_in))
        .route("/console/sign-in/link", get(link::show).post(link::accept))
        .route("/console/sign-in/elsewhere", get(elsewhere::start))
        .route("/console/sign-in/elsewhere/back", get(elsewhere::come_back))
        .route("/console/sign-in/out", post(me::sign_out))
        .route("/console/sign-in/me", get(me::show))
        .route("/console/sign-in/me/password", post(me::change_password))
        .route("/console/sign-in/me/sessions", post(me::end_sessions))
        .layer(from_fn(security::guard))
        .with_state(sign_in)
}

/// Whence a request came, as far as that is known.
fn peer(extensions: &Extensions) -> String {
    extensions.get::<PeerAddress>().map(|peer| peer.0.to_string()).unwrap_or_default()
}
