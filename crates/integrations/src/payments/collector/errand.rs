//! One invoice, from what is to be done about it to what its provider says.

use std::sync::Arc;
use std::time::Duration;

use scrip_ledger::{
    Collection, CollectionMethod, CollectionOutcome, GrantView, Intent, LedgerError,
    ProviderInvoice, ProviderSaid, ProviderStanding, Record, Stands,
};

use tokio::sync::watch;

use super::keeper::BILLING_ID;
use super::{NoProvider, Place, Shared};
use crate::payments::provider::{self, Bill, Collected, Payer, Provider, Standing, Trouble};

/// A pause up to this is waited for here, so that whoever waits for the outcome learns it; longer ones
/// are left to whoever looks for what is to be done.
const PAUSE_HERE_MAX: Duration = Duration::from_secs(10);

/// How often in a row the ledger may fail before the errand is left to whoever looks for it.
const LEDGER_FAILURES_MAX: u32 = 5;

/// How often it is looked for an invoice that is to be canceled before nobody believes any more that
/// there is one: longer than whoever might be making it would take.
const LOOKS_BEFORE_NOTHING: u32 = 5;

/// Goes on with an invoice until its provider has said something.
pub(super) struct Errand {
    pub shared: Arc<Shared>,
    pub place: Place,
    /// The invoice was just made, and nobody has asked the provider for it.
    pub is_first: bool,
    /// The process stops.
    pub stopped: watch::Receiver<bool>,
}

/// What became of an errand.
pub(super) struct Ended {
    pub place: Place,
    /// The ledger did not take what was said: it is of no use to ask again at once.
    pub is_unwritten: bool,
}

/// How to go on.
enum Next {
    /// Something was said, and is written.
    Done,
    /// Nothing was said; ask again after this time.
    Again(Duration),
}

impl Errand {
    pub(super) async fn run(mut self) -> Ended {
        let (mut failures, mut is_begun) = (0, false);
        while !*self.stopped.borrow() {
            let pause = match self.step(is_begun).await {
                Ok(Next::Done) => break,
                Ok(Next::Again(pause)) => pause,
                Err(LedgerError::Closed) => break,
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, invoice = %self.place.1, "a payment cannot be written");
                    if failures > LEDGER_FAILURES_MAX {
                        return Ended { place: self.place, is_unwritten: true };
                    }
                    self.shared.options.pauses.again(failures, None)
                }
            };
            self.is_first = false;
            is_begun = true;
            if pause > PAUSE_HERE_MAX {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.stopped.changed() => {}
            }
        }
        Ended { place: self.place, is_unwritten: false }
    }

    /// Does what is to be done now, once. What was tried before rests as long as it should, unless it is
    /// this errand's own pause that is over.
    async fn step(&self, is_begun: bool) -> Result<Next, LedgerError> {
        let places = self.shared.places(self.place.0);
        // It is never closed.
        let Ok(_place) = places.acquire().await else { return Ok(Next::Done) };
        if *self.stopped.borrow() {
            return Ok(Next::Done);
        }
        let keeper = &self.shared.keeper;
        let Some(todo) = keeper.todo(self.place).await? else { return Ok(Next::Done) };
        if !is_begun && todo.tries > 0 && !todo.is_due(keeper.now()) {
            return Ok(Next::Done);
        }
        let Some(grant) = keeper.grant(self.place).await? else { return Ok(Next::Done) };
        let invoice = grant.latest_invoice();
        let Some(invoice) = invoice.and_then(|invoice| invoice.provider) else {
            return Ok(Next::Done);
        };
        let customer = keeper.customer(self.place.0, &grant.wallet.customer).await?;
        let said = match self.shared.provider(self.place.0).await? {
            Ok(provider) => {
                let is_first = self.is_first && todo.tries == 0 && invoice.attempts == 1;
                let bill = bill(&todo, &grant, &invoice, customer.as_ref(), !is_first);
                self.ask(provider.as_ref(), &todo, &bill).await
            }
            Err(no_provider) => Err(unspoken(no_provider)),
        };
        let (said, pause) = self.concluded(said, &todo);
        let next = keeper.now().later(crate::milliseconds(pause));
        let is_again = matches!(said, ProviderSaid::Again { .. });
        if let ProviderSaid::Again { trouble } = &said {
            tracing::info!(invoice = %self.place.1, trouble, "a payment provider gave no answer");
        }
        let (attempt, asked) = (invoice.attempts, todo.intent);
        let outcome = CollectionOutcome { invoice: self.place.1, attempt, asked, said, next };
        keeper.note(self.place.0, outcome).await?;
        Ok(if is_again { Next::Again(pause) } else { Next::Done })
    }

    /// Asks the provider for what is to be done.
    async fn ask(
        &self,
        provider: &dyn Provider,
        todo: &Collection,
        bill: &Bill,
    ) -> Result<ProviderSaid, Trouble> {
        match todo.intent {
            Intent::Collect => self.shared.in_time(provider.collect(bill)).await.map(stands),
            Intent::Watch => Ok(match self.seek(provider, bill).await? {
                Some(found) => stands(found),
                None => ProviderSaid::Nothing,
            }),
            Intent::Cancel => self.cancel(provider, todo, bill).await,
        }
    }

    /// The invoice, by its name or by what was written on it.
    async fn seek(
        &self,
        provider: &dyn Provider,
        bill: &Bill,
    ) -> Result<Option<Collected>, Trouble> {
        match &bill.known {
            Some(known) => self.shared.in_time(provider.look(known)).await.map(Some),
            None => self.shared.in_time(provider.find(bill)).await,
        }
    }

    async fn cancel(
        &self,
        provider: &dyn Provider,
        todo: &Collection,
        bill: &Bill,
    ) -> Result<ProviderSaid, Trouble> {
        let known = match &bill.known {
            Some(known) => known.clone(),
            None => match self.shared.in_time(provider.find(bill)).await? {
                Some(found) => found.invoice,
                None if todo.tries < LOOKS_BEFORE_NOTHING => {
                    return Err(Trouble::Unknown("no invoice is there to be canceled".to_owned()));
                }
                None => return Ok(ProviderSaid::Nothing),
            },
        };
        let key = format!("scrip-{}-{}-cancel", self.place.0.0, self.place.1);
        self.shared.in_time(provider.cancel(&known, &key)).await.map(stands)
    }

    /// What is written of an answer, and when to go on.
    fn concluded(
        &self,
        said: Result<ProviderSaid, Trouble>,
        todo: &Collection,
    ) -> (ProviderSaid, Duration) {
        let pauses = &self.shared.options.pauses;
        let tries = todo.tries;
        // Looks are counted from the first one on.
        let looks = if todo.intent == Intent::Collect { 0 } else { tries };
        match said {
            Ok(said) => (said, pauses.watch(looks)),
            Err(Trouble::Refused(message)) => {
                (ProviderSaid::Refused { message }, pauses.watch(looks))
            }
            Err(Trouble::Later { message, after }) => {
                (ProviderSaid::Again { trouble: message }, pauses.again(tries, after))
            }
            Err(Trouble::Unknown(trouble)) => {
                (ProviderSaid::Again { trouble }, pauses.again(tries, None))
            }
        }
    }
}

/// Why a provider is not spoken to now.
fn unspoken(no_provider: NoProvider) -> Trouble {
    let message = match no_provider {
        NoProvider::None => "the environment has no payment provider any more".to_owned(),
        NoProvider::Unusable(why) => why,
    };
    // Somebody has to change the settings first.
    Trouble::Later { message, after: Some(PAUSE_HERE_MAX * 3) }
}

/// What a provider has to know.
fn bill(
    todo: &Collection,
    grant: &GrantView,
    invoice: &ProviderInvoice,
    customer: Option<&Record>,
    may_exist: bool,
) -> Bill {
    Bill {
        environment: grant.wallet.environment,
        grant: grant.grant.name.id,
        payer: payer(grant.wallet.customer.clone(), customer),
        total: grant.cost,
        description: todo.description.clone(),
        how: match invoice.method {
            CollectionMethod::Charge => provider::Collection::Charge,
            CollectionMethod::Send { days_until_due } => {
                let address = grant.words.billing_address.clone();
                provider::Collection::Send { days_until_due, address }
            }
        },
        known: invoice.id.clone(),
        attempt: invoice.attempts,
        may_exist,
    }
}

/// A customer as a provider has to know him.
pub(super) fn payer(id: scrip_core::CustomerId, customer: Option<&Record>) -> Payer {
    let text = |member| customer.and_then(|record| record.text(member)).map(str::to_owned);
    Payer { id, billing_id: text(BILLING_ID), name: text("name"), email: text("email") }
}

/// A provider's answer in the ledger's words.
pub(super) fn stands(collected: Collected) -> ProviderSaid {
    let standing = match collected.standing {
        Standing::Open => ProviderStanding::Open,
        Standing::Processing => ProviderStanding::Processing,
        Standing::Paid => ProviderStanding::Paid,
        Standing::Failed { message } => ProviderStanding::Failed { message },
        Standing::ActionRequired { message } => ProviderStanding::ActionRequired { message },
        Standing::Canceled => ProviderStanding::Canceled,
    };
    ProviderSaid::Stands(Box::new(Stands {
        payer: collected.payer,
        invoice: collected.invoice,
        standing,
        payment_url: collected.payment_url,
        pdf_url: collected.pdf_url,
    }))
}
