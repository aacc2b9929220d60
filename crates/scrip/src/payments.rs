//! How `serve` has payments collected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scrip_api::{Boxed, CollectPayments, MethodRefusal, NotTaken, Payments};
use scrip_core::{CustomerId, EnvironmentId};
use scrip_integrations::payments::collector::{
    self, Collector, Handle, MethodTrouble, Options, Providers,
};
use scrip_integrations::payments::provider::Provider;
use scrip_integrations::payments::stripe::{Secret, Stripe, StripeOptions};
use scrip_ledger::{InvoiceId, Ledger, PaymentProvider, StripeSettings};

use crate::cli::PaymentOptions;

/// An answer may need several requests, and the pauses between them.
const REQUESTS_OF_AN_ANSWER: u32 = 6;

/// Providers that are remembered with their connections; more settings than these are rare.
const REMEMBERED: usize = 64;

/// Makes providers from settings, one for all who have the same.
struct FromSettings {
    stripe_url: String,
    timeout: Duration,
    known: Mutex<Vec<(StripeSettings, Arc<Stripe>)>>,
}

impl FromSettings {
    fn stripe(&self, settings: &StripeSettings) -> Result<Arc<Stripe>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, stripe)) = known.iter().find(|(other, _)| other == settings) {
            return Ok(Arc::clone(stripe));
        }
        let stripe = Stripe::new(StripeOptions {
            base_url: self.stripe_url.clone(),
            secret_key: Secret::new(settings.secret_key.clone()),
            webhook_secret: settings.webhook_secret.clone().map(Secret::new),
            timeout: self.timeout,
        });
        let stripe = Arc::new(stripe.map_err(|error| error.to_string())?);
        if known.len() >= REMEMBERED {
            known.remove(0);
        }
        known.push((settings.clone(), Arc::clone(&stripe)));
        Ok(stripe)
    }
}

impl Providers for FromSettings {
    fn of(&self, settings: &PaymentProvider) -> Result<Arc<dyn Provider>, String> {
        match settings {
            PaymentProvider::Manual => Err("the built-in provider collects nothing".to_owned()),
            PaymentProvider::Stripe(settings) => Ok(self.stripe(settings)?),
        }
    }
}

/// Begins to collect, unless this node shall not; events of providers are heard by every node.
pub fn start(options: &PaymentOptions, ledger: &Arc<dyn Ledger>) -> Collector {
    let timeout = Duration::from_secs(options.payment_timeout_seconds.into());
    let (stripe_url, known) = (options.stripe_url.clone(), Mutex::default());
    let providers = Arc::new(FromSettings { stripe_url, timeout, known });
    let options = Options {
        collects: !options.no_payments,
        within: timeout * REQUESTS_OF_AN_ANSWER,
        ..Options::default()
    };
    Collector::start(Arc::clone(ledger), providers, options)
}

/// Whom the API asks.
pub fn of_api(collector: &Collector) -> Payments {
    Payments(Some(Arc::new(Collecting(collector.handle()))))
}

struct Collecting(Handle);

impl CollectPayments for Collecting {
    fn begin(&self, environment: EnvironmentId, invoice: InvoiceId) -> Boxed<'static, ()> {
        Box::pin(self.0.begin(environment, invoice))
    }

    fn hear<'a>(
        &'a self,
        environment: EnvironmentId,
        signature: &'a str,
        body: &'a [u8],
    ) -> Boxed<'a, Result<(), NotTaken>> {
        Box::pin(async move {
            let heard = self.0.hear(environment, signature, body).await;
            heard.map_err(|why| match why {
                collector::NotTaken::Unknown => NotTaken::Unknown,
                collector::NotTaken::NotBelieved(why) => NotTaken::NotBelieved(why),
                collector::NotTaken::NotNow(why) => NotTaken::NotNow(why),
            })
        })
    }

    fn attach<'a>(
        &'a self,
        environment: EnvironmentId,
        customer: &'a CustomerId,
        payment_method: &'a str,
    ) -> Boxed<'a, Result<(), MethodRefusal>> {
        Box::pin(async move {
            self.0.attach(environment, customer, payment_method).await.map_err(refusal)
        })
    }

    fn detach<'a>(
        &'a self,
        environment: EnvironmentId,
        customer: &'a CustomerId,
    ) -> Boxed<'a, Result<(), MethodRefusal>> {
        Box::pin(async move { self.0.detach(environment, customer).await.map_err(refusal) })
    }
}

fn refusal(trouble: MethodTrouble) -> MethodRefusal {
    match trouble {
        MethodTrouble::NoProvider => MethodRefusal::NoProvider,
        MethodTrouble::Refused(message) => MethodRefusal::Refused(message),
        MethodTrouble::NotNow(why) => MethodRefusal::NotNow(why),
    }
}
