//! Stripe, by the six kinds of objects that it takes to sell credits.
//!
//! `collecting` brings an invoice on its way, `canceling` ends it, `payers` are customers and what
//! they pay with, `money_back` is about refunds and disputes, `hearing` about webhooks. `api` makes
//! the requests. `docs/stripe.md` says which facts about Stripe this relies on, and where they are
//! from.

mod amounts;
mod api;
mod canceling;
mod collecting;
mod form;
mod hearing;
mod money_back;
mod objects;
mod options;
mod payers;

use scrip_core::{EnvironmentId, Timestamp};

pub use self::amounts::counted;
use self::api::Api;
pub use self::options::{InvalidOptions, Secret, StripeOptions};
use super::provider::{Answer, Bill, Collected, Heard, MoneyBack, NotHeard, Payer, Provider};

/// An account at Stripe.
pub struct Stripe {
    api: Api,
    webhook_secret: Option<Secret>,
}

impl Stripe {
    /// The account of these options. Nothing is asked of Stripe yet.
    pub fn new(options: StripeOptions) -> Result<Self, InvalidOptions> {
        let api = Api::new(&options)?;
        Ok(Self { api, webhook_secret: options.webhook_secret })
    }
}

impl Provider for Stripe {
    fn collect<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Collected> {
        Box::pin(collecting::collect(&self.api, bill))
    }

    fn find<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Option<Collected>> {
        Box::pin(collecting::find(&self.api, bill))
    }

    fn look<'a>(&'a self, invoice: &'a str) -> Answer<'a, Collected> {
        Box::pin(async move { Ok(collecting::read(&self.api, invoice).await?.collected()) })
    }

    fn cancel<'a>(&'a self, invoice: &'a str, key: &'a str) -> Answer<'a, Collected> {
        Box::pin(canceling::cancel(&self.api, invoice, key))
    }

    fn ensure_payer<'a>(
        &'a self,
        environment: EnvironmentId,
        payer: &'a Payer,
    ) -> Answer<'a, String> {
        Box::pin(payers::ensure_payer(&self.api, environment, payer))
    }

    fn attach<'a>(&'a self, payer: &'a str, payment_method: &'a str) -> Answer<'a, ()> {
        Box::pin(payers::attach(&self.api, payer, payment_method))
    }

    fn detach<'a>(&'a self, payer: &'a str) -> Answer<'a, ()> {
        Box::pin(payers::detach(&self.api, payer))
    }

    fn money_back<'a>(&'a self, invoice: &'a str) -> Answer<'a, MoneyBack> {
        Box::pin(money_back::money_back(&self.api, invoice))
    }

    fn invoice_of<'a>(&'a self, charge: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(money_back::invoice_of(&self.api, charge))
    }

    fn heard(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Heard, NotHeard> {
        hearing::heard(self.webhook_secret.as_ref(), signature, body, now)
    }
}
