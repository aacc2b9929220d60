//! What a provider sends by itself: it is asked where things stand, and that is written.

use std::sync::Arc;
use std::time::Duration;

use scrip_core::{DisputeState, EnvironmentId, IdempotencyKey};
use scrip_ledger::{
    CollectionOutcome, Intent, InvoiceMoney, InvoiceStatus, LedgerError, PaymentProvider,
    ProviderSaid,
};

use super::errand::stands;
use super::{Handle, NoProvider, Shared};
use crate::payments::provider::{About, DisputeStanding, Provider, ProviderDispute, Trouble};

/// How long something that was sent waits for its turn to ask.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// Why something that a provider sent was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Nobody collects in this environment.
    #[error("no payment provider collects here")]
    Unknown,
    /// It is not the provider's, or not of now.
    #[error("{0}")]
    NotBelieved(String),
    /// What it is about cannot be asked or written now; it is to be sent again.
    #[error("{0}")]
    NotNow(String),
}

impl From<LedgerError> for NotTaken {
    fn from(error: LedgerError) -> Self {
        Self::NotNow(error.to_string())
    }
}

impl Handle {
    /// Takes something that the provider of an environment sent, with its signature. What it is about is
    /// asked of the provider and written when this returns.
    pub async fn hear(
        &self,
        environment: EnvironmentId,
        signature: &str,
        body: &[u8],
    ) -> Result<(), NotTaken> {
        let provider = match self.shared.provider(environment).await? {
            Ok(provider) => provider,
            Err(NoProvider::None) => return Err(NotTaken::Unknown),
            Err(NoProvider::Unusable(why)) => return Err(NotTaken::NotNow(why)),
        };
        let heard = provider.heard(signature, body, self.shared.keeper.now());
        let heard = heard.map_err(|why| NotTaken::NotBelieved(why.to_string()))?;
        match heard.about {
            About::Nothing => Ok(()),
            About::Invoice(name) => self.shared.look_at(environment, &provider, &name).await,
            About::Charge(charge) => {
                let invoice = self.shared.in_time(provider.invoice_of(&charge)).await;
                match invoice.or_else(passing)? {
                    Some(name) => {
                        let event = &heard.event;
                        self.shared.money_moved(environment, &provider, &name, event).await
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl Shared {
    /// Money of an invoice went back, or may have: how it stands now is asked and written, whatever the
    /// event said, so that one which comes twice or late changes nothing. That it was paid may be news
    /// too.
    async fn money_moved(
        &self,
        environment: EnvironmentId,
        provider: &Arc<dyn Provider>,
        name: &str,
        event: &str,
    ) -> Result<(), NotTaken> {
        self.look_at(environment, provider, name).await?;
        let Some(invoice) = self.keeper.invoice_called(environment, name).await? else {
            return Ok(());
        };
        if !matches!(invoice.status, InvoiceStatus::Paid { .. }) {
            return Ok(());
        }
        let Some(back) =
            self.in_time(provider.money_back(name)).await.map(Some).or_else(passing)?
        else {
            return Ok(());
        };
        let event = IdempotencyKey::parse(event);
        let event = event.map_err(|why| NotTaken::NotBelieved(format!("its identifier: {why}")))?;
        let handling = match self.keeper.settings(environment).await? {
            PaymentProvider::Stripe(stripe) => stripe.disputes,
            PaymentProvider::Manual => return Err(NotTaken::Unknown),
        };
        let money = InvoiceMoney {
            invoice: invoice.id,
            event,
            refunded: back.refunded,
            disputes: back.disputes.into_iter().map(as_kept).collect(),
            handling,
        };
        Ok(self.keeper.note_money(environment, money).await?)
    }

    /// Asks where an invoice stands, and writes it. One that is not ours, or of which we do not know yet
    /// that it is, is nobody's affair: whoever collects asks for it before long.
    async fn look_at(
        &self,
        environment: EnvironmentId,
        provider: &Arc<dyn Provider>,
        name: &str,
    ) -> Result<(), NotTaken> {
        let Some(invoice) = self.keeper.invoice_called(environment, name).await? else {
            return Ok(());
        };
        let attempt = invoice.provider.map_or(0, |provider| provider.attempts);
        let places = self.places(environment);
        let Ok(Ok(_place)) = tokio::time::timeout(TURN_WITHIN, places.acquire()).await else {
            return Err(NotTaken::NotNow("too much is asked of the provider".to_owned()));
        };
        let said = match self.in_time(provider.look(name)).await.map(Some).or_else(passing)? {
            Some(collected) => stands(collected),
            None => return Ok(()),
        };
        debug_assert!(matches!(said, ProviderSaid::Stands(_)));
        let next = self.keeper.now().later(crate::milliseconds(self.options.pauses.watch(0)));
        let (invoice, asked) = (invoice.id, Intent::Watch);
        let outcome = CollectionOutcome { invoice, attempt, asked, said, next };
        Ok(self.keeper.note(environment, outcome).await?)
    }
}

/// What a provider will never answer is not asked for again by being sent again.
fn passing<T>(trouble: Trouble) -> Result<Option<T>, NotTaken> {
    match trouble {
        Trouble::Refused(message) => {
            tracing::warn!(message, "a payment provider does not say what it told of");
            Ok(None)
        }
        Trouble::Unknown(message) | Trouble::Later { message, .. } => {
            Err(NotTaken::NotNow(message))
        }
    }
}

/// A dispute in the ledger's words.
fn as_kept(dispute: ProviderDispute) -> scrip_ledger::ProviderDispute {
    let state = match dispute.standing {
        DisputeStanding::Open => DisputeState::Open,
        DisputeStanding::Won => DisputeState::Won,
        DisputeStanding::Lost => DisputeState::Lost,
    };
    scrip_ledger::ProviderDispute { id: dispute.id, amount: dispute.amount, state }
}
