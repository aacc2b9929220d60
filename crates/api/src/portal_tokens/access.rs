//! Who asks with a token, and what of their own it opens.

use std::sync::Arc;

use axum::http::HeaderName;
use scrip_core::CustomerId;
use scrip_ledger::{KeyHolder, RecordKind};

use super::generation_of;
use super::theme::Theme;
use super::token::PortalToken;
use crate::app::App;
use crate::error::ApiError;
use crate::http::{Caller, Query, RateLimit};

/// What a customer's token is sent in.
pub(crate) const CUSTOMER_TOKEN: HeaderName = HeaderName::from_static("x-customer-token");

/// A part of what is a customer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What its wallets hold.
    Balances,
    /// What it consumed, over time.
    Usage,
    /// What it was given.
    Grants,
    /// How its wallets recharge.
    AutoRecharge,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Balances, Self::Usage, Self::Grants, Self::AutoRecharge];

    /// Its name as a token's scope.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Balances => "balances",
            Self::Usage => "usage",
            Self::Grants => "grants",
            Self::AutoRecharge => "auto-recharge",
        }
    }

    /// The part of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

/// What a request with a token may ask for: beside the caller, who holds no scope. It is shared, so that
/// requests without one have room for no more than that they have none.
#[derive(Clone, Debug)]
pub(crate) struct CustomerAccess(Arc<PortalToken>);

/// Whoever a token was made for, and what it opens. Whatever is wrong with it, nothing is told of whoever it
/// was for.
pub(crate) async fn admit(app: &App, text: &str) -> Result<(Caller, CustomerAccess), ApiError> {
    let refused = |why: &str| ApiError::unauthenticated(&format!("the customer token {why}"));
    let token = PortalToken::open(app.secret(), text).ok_or_else(|| refused("is not known"))?;
    let ledger = app.within(token.environment);
    if token.expires_at <= ledger.real_now() {
        return Err(refused("has expired"));
    }
    let count = |limit: &RateLimit| limit.count_customer(token.environment, &token.customer);
    app.rate_limit().map_or(Ok(()), count)?;
    // A reset gives the environment another number.
    let environment = ledger.environment().await?.filter(|it| it.archived_at.is_none());
    let environment = environment.ok_or_else(|| refused("is of an environment that has ended"))?;
    let customer = ledger.record(RecordKind::Customer, token.customer.as_str()).await?;
    match customer {
        Some(customer) if generation_of(&customer) != token.generation => {
            return Err(refused("was revoked"));
        }
        Some(customer) if customer.archived_at.is_none() => {}
        // It names the customer, so nothing is told that is not in it.
        Some(_) | None => return Err(refused("is of a customer that is archived")),
    }
    let is_sandbox = environment.is_sandbox();
    let holder = KeyHolder::of_customer(&token.customer, token.environment, is_sandbox);
    Ok((Caller::new(holder.at_home(environment.home)), CustomerAccess(Arc::new(token))))
}

impl CustomerAccess {
    /// Refuses another part than those that the token opens.
    pub fn check(&self, part: Part) -> Result<(), ApiError> {
        if self.0.parts.contains(&part) {
            return Ok(());
        }
        let message = format!("this customer token does not open `{}`", part.as_str());
        Err(ApiError::forbidden("AccessDeniedError", message))
    }

    /// Refuses a question about anybody else, or about nobody by name.
    pub fn check_customer(&self, query: &Query) -> Result<(), ApiError> {
        if query.one("customerId")? == Some(self.0.customer.as_str()) {
            return Ok(());
        }
        let message = "customerId must be the customer whose token this is";
        Err(ApiError::forbidden("AccessDeniedError", message))
    }

    /// Whose it is.
    pub fn customer(&self) -> &CustomerId {
        &self.0.customer
    }

    pub(super) fn theme(&self) -> &Theme {
        &self.0.theme
    }

    pub(super) fn token(&self) -> &PortalToken {
        &self.0
    }
}
