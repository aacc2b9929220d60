//! How the API has payments collected: by whoever does that beside it in this process.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId, GrantId};
use scrip_ledger::{GrantView, InvoiceId, LedgerError};

use crate::error::ApiError;
use crate::http::Call;

/// An answer that is on its way.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who collects payments.
pub trait CollectPayments: Send + Sync {
    /// Has an invoice looked after now, whether or not the answer is waited for. It comes when the
    /// provider has said something, or after a bound.
    fn begin(&self, environment: EnvironmentId, invoice: InvoiceId) -> Boxed<'static, ()>;

    /// Takes something that an environment's provider sent. Whatever follows from it is written when
    /// the answer comes.
    fn hear<'a>(
        &'a self,
        environment: EnvironmentId,
        signature: &'a str,
        body: &'a [u8],
    ) -> Boxed<'a, Result<(), NotTaken>>;

    /// Has a payment method, by the provider's name for it, charged for a customer from now on.
    fn attach<'a>(
        &'a self,
        environment: EnvironmentId,
        customer: &'a CustomerId,
        payment_method: &'a str,
    ) -> Boxed<'a, Result<(), MethodRefusal>>;

    /// Has no payment method charged for a customer any more.
    fn detach<'a>(
        &'a self,
        environment: EnvironmentId,
        customer: &'a CustomerId,
    ) -> Boxed<'a, Result<(), MethodRefusal>>;
}

/// Why something that a provider sent was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Nobody collects in this environment.
    Unknown,
    /// It is not the provider's, or not of now; and why that is believed.
    NotBelieved(String),
    /// It is to be sent again; and why, for the log.
    NotNow(String),
}

/// Why a payment method was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodRefusal {
    /// Nobody collects in this environment.
    NoProvider,
    /// The provider will not do it; and why, in its words.
    Refused(String),
    /// It is not known whether it was done; and why, for the log.
    NotNow(String),
}

/// Who collects payments, if anybody does.
#[derive(Clone, Default)]
pub struct Payments(pub Option<Arc<dyn CollectPayments>>);

impl fmt::Debug for Payments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payments").field(&self.0.is_some()).finish()
    }
}

/// Has the invoice of a grant looked after, and waits for what comes of it, if that is wanted. The grant
/// as it is then; none if there was nothing to wait for.
pub(crate) async fn collected(
    call: &Call,
    grant: GrantId,
    waits: bool,
) -> Result<Option<GrantView>, LedgerError> {
    let Some(payments) = call.app().payments() else { return Ok(None) };
    let (ledger, environment) = (call.ledger(), call.environment());
    let is_collected = |grant: &GrantView| {
        grant.latest_invoice().is_some_and(|invoice| invoice.provider.is_some())
    };
    if !ledger.grant(grant).await?.as_ref().is_some_and(is_collected) {
        return Ok(None);
    }
    let collected = payments.begin(environment, InvoiceId::of(grant));
    if !waits {
        return Ok(None);
    }
    collected.await;
    ledger.grant(grant).await
}

/// Has the invoice of a grant looked after, and does not wait.
pub(crate) fn look_after(call: &Call, grant: GrantId) {
    if let Some(payments) = call.app().payments() {
        drop(payments.begin(call.environment(), InvoiceId::of(grant)));
    }
}

/// What a client is told whose payment method was not changed.
pub(crate) fn refused(refusal: MethodRefusal) -> ApiError {
    match refusal {
        MethodRefusal::NoProvider => ApiError::bad(
            "BillingIntegrationMissing",
            "this environment has no payment provider that keeps payment methods",
        ),
        MethodRefusal::Refused(message) => {
            ApiError::bad("StripeError", format!("the payment provider refused: {message}"))
        }
        MethodRefusal::NotNow(why) => {
            tracing::warn!(why, "a payment method was not changed");
            ApiError::unavailable("the payment provider does not answer; try again")
        }
    }
}
