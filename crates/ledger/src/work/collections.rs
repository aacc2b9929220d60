//! Invoices that a payment provider collects: what is to be done about them, and what it said
//! (decision 23).

mod recharges;

use scrip_core::{GrantState, Refusal, Timestamp};
use serde_json::{Map, Value};

use self::recharges::Was;
use super::repeats::wallet_time;
use super::{Failure, Place, State, StoreError, invoices, records};
use crate::{
    Answer, Collection, CollectionOutcome, CollectionState, CreateGrant, GrantRecord, Intent,
    Invoice, InvoiceDetails, InvoiceId, InvoiceStatus, Payment, PaymentProvider, ProviderInvoice,
    ProviderKind, ProviderSaid, ProviderStanding, Record, RecordKind, Stands,
};

/// Who collects the payment of a new grant, if nobody does it by hand. What cannot be collected is
/// refused.
pub(super) fn provider_of(
    state: &mut dyn State,
    at: Place<'_>,
    create: &CreateGrant,
) -> Result<Option<ProviderKind>, Failure> {
    if !matches!(create.payment, Payment::Invoice { .. } | Payment::Charge) {
        return Ok(None);
    }
    match (kind(state, at)?, create.payment) {
        (None, Payment::Charge) => Err(Refusal::BillingIntegrationMissing.into()),
        (None, _) => Ok(None),
        (Some(kind), _) => {
            refuse_fractions(create)?;
            Ok(Some(kind))
        }
    }
}

/// Who collects in the environment, if nobody does it by hand.
pub(super) fn kind(
    state: &mut dyn State,
    at: Place<'_>,
) -> Result<Option<ProviderKind>, StoreError> {
    let record = state.record(at.environment, RecordKind::PaymentProvider, PaymentProvider::ID)?;
    Ok(record.as_ref().and_then(PaymentProvider::of).unwrap_or_default().kind())
}

/// A provider collects whole minor units, and what it collects is what the grant costs.
fn refuse_fractions(create: &CreateGrant) -> Result<(), Refusal> {
    const BILLIONTH_DIGITS: u32 = 9;
    let currency = create.grant.cost.currency;
    let digits = currency.minor_digits();
    let minor = 10_i128.pow(BILLIONTH_DIGITS.saturating_sub(digits));
    if create.grant.cost.amount.billionths().checked_rem(minor) == Some(0) {
        return Ok(());
    }
    Err(Refusal::CostNotWhole { currency: currency.as_str(), digits })
}

/// The invoice of a grant that was just made is to be collected. The process that made it does so at
/// once; others leave it to that one for a while. Nobody waits for a recharge's: whoever looks first
/// collects it.
pub(super) fn begin(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
) -> Result<(), Failure> {
    let now = state.real_now();
    let grace = if grant.is_recharge { 0 } else { Collection::GRACE_MILLISECONDS };
    let next = now.later(grace);
    keep(state, at, grant, Intent::Collect, (now, next))
}

/// The invoice of a grant is to be canceled.
pub(super) fn cancel(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
) -> Result<(), Failure> {
    let now = state.real_now();
    keep(state, at, grant, Intent::Cancel, (now, now))
}

/// Something else is to be done about the invoice of a grant.
fn keep(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    intent: Intent,
    (now, next): (Timestamp, Timestamp),
) -> Result<(), Failure> {
    let id = InvoiceId::of(grant.grant.name.id);
    let collection =
        Collection::new(intent, Todo::of(state, at, id)?.description(grant), now, next);
    records::put(state, at, &[collection.record(id)]).map(drop)
}

/// An invoice whose payment failed is collected again, because somebody asked for it.
pub(super) fn retry(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
) -> Result<Answer, Failure> {
    let (grant, invoice) = invoices::find(state, at, id)?;
    refuse_retry(&grant, &invoice)?;
    let invoice = invoices::change(state, at, id, |details| {
        if let Some(provider) = &mut details.provider {
            provider.state = CollectionState::Processing;
            provider.attempts = provider.attempts.saturating_add(1);
        }
    })?;
    begin(state, at, &grant)?;
    Ok(invoices::answer(invoice))
}

fn refuse_retry(grant: &GrantRecord, invoice: &Invoice) -> Result<(), Refusal> {
    let id = || invoice.id.to_string();
    let not_failed = |why| Refusal::InvoiceNotFailed { id: id(), why };
    match invoice.status {
        InvoiceStatus::Paid { .. } => return Err(not_failed("it is paid")),
        InvoiceStatus::Canceled { .. } => return Err(not_failed("it is canceled")),
        InvoiceStatus::Open => {}
    }
    if matches!(grant.grant.state, GrantState::Voided { .. }) {
        return Err(not_failed("its credit grant is voided"));
    }
    match invoice.provider.as_ref().map(|provider| &provider.state) {
        None => Err(not_failed("no payment provider collects it; mark it paid instead")),
        Some(CollectionState::Failed { .. } | CollectionState::ActionRequired { .. }) => Ok(()),
        Some(_) => Err(not_failed("its payment has not failed")),
    }
}

/// Writes what a provider said of an invoice. Where the invoice stands only moves on, so what is told
/// twice, late or in another order changes nothing.
pub(super) fn note(
    state: &mut dyn State,
    at: Place<'_>,
    outcome: &CollectionOutcome,
) -> Result<Answer, Failure> {
    let (grant, before) = invoices::find(state, at, outcome.invoice)?;
    let details = grant.invoice.details(grant.grant.created_at);
    let Some((details, provider)) = details.zip(before.provider.clone()) else {
        return Err(Refusal::InvoiceNotFailed {
            id: before.id.to_string(),
            why: "no payment provider collects it",
        }
        .into());
    };
    let is_paid = |status| matches!(status, InvoiceStatus::Paid { .. });
    if let ProviderSaid::Stands(stands) = &outcome.said {
        know_payer(state, at, &grant, &stands.payer)?;
    }
    let todo = Todo::of(state, at, outcome.invoice)?;
    let told = Told {
        outcome,
        grant: &grant,
        is_voided: matches!(grant.grant.state, GrantState::Voided { .. }),
        is_news: todo.is_news(outcome, provider.attempts),
        now: wallet_time(state, at, &grant.wallet)?,
    };
    let was = Was { is_paid: is_paid(before.status), state: provider.state.clone() };
    let mut after = told.after(details, provider);
    if is_paid(after.status) && !is_paid(before.status) && !told.is_voided {
        after.status = InvoiceStatus::Paid { at: invoices::confirm(state, at, &grant)? };
    }
    let invoice = if (after.status, &after.provider) == (before.status, &before.provider) {
        before
    } else {
        invoices::change(state, at, outcome.invoice, |details| *details = after)?
    };
    todo.go_on(state, at, &told, &invoice)?;
    if grant.is_recharge {
        recharges::follow(state, at, &grant, &was, &invoice)?;
    }
    Ok(invoices::answer(invoice))
}

/// What was told of an invoice, and how things stand.
struct Told<'a> {
    outcome: &'a CollectionOutcome,
    grant: &'a GrantRecord,
    /// The grant was taken back.
    is_voided: bool,
    /// It is about the attempt that is the newest.
    is_news: bool,
    /// The wallet's time.
    now: Timestamp,
}

impl Told<'_> {
    /// What is known of the invoice afterwards.
    fn after(&self, mut details: InvoiceDetails, mut provider: ProviderInvoice) -> InvoiceDetails {
        match &self.outcome.said {
            ProviderSaid::Nothing if self.outcome.asked == Intent::Cancel => {
                self.canceled(&mut details, &mut provider);
            }
            ProviderSaid::Refused { message } if self.outcome.asked == Intent::Collect => {
                self.failed(&details, &mut provider, message);
            }
            ProviderSaid::Again { .. } | ProviderSaid::Nothing | ProviderSaid::Refused { .. } => {}
            ProviderSaid::Stands(stands) => self.stands(&mut details, &mut provider, stands),
        }
        details.provider = Some(provider);
        details
    }

    fn stands(
        &self,
        details: &mut InvoiceDetails,
        provider: &mut ProviderInvoice,
        stands: &Stands,
    ) {
        provider.id = Some(stands.invoice.clone());
        if stands.payment_url.is_some() {
            provider.payment_url.clone_from(&stands.payment_url);
        }
        if stands.pdf_url.is_some() {
            provider.pdf_url.clone_from(&stands.pdf_url);
        }
        match &stands.standing {
            ProviderStanding::Paid => self.paid(details, provider),
            ProviderStanding::Canceled => self.canceled(details, provider),
            ProviderStanding::Failed { message } => self.failed(details, provider, message),
            ProviderStanding::ActionRequired { message } => {
                let message = shortened(message);
                self.open(details, provider, CollectionState::ActionRequired { message });
            }
            ProviderStanding::Processing => {
                self.open(details, provider, CollectionState::Processing);
            }
            // An open invoice is no news: a payment of it may have failed.
            ProviderStanding::Open => {}
        }
    }

    fn paid(&self, details: &mut InvoiceDetails, provider: &mut ProviderInvoice) {
        if matches!(details.status, InvoiceStatus::Paid { .. }) {
            return;
        }
        details.status = InvoiceStatus::Paid { at: self.now };
        provider.state = if self.is_voided {
            CollectionState::Unwanted { message: PAID_IN_VAIN.to_owned() }
        } else {
            CollectionState::Settled
        };
    }

    fn canceled(&self, details: &mut InvoiceDetails, provider: &mut ProviderInvoice) {
        if details.status == InvoiceStatus::Open {
            details.status = InvoiceStatus::Canceled { at: self.now };
            provider.state = CollectionState::Settled;
        }
    }

    fn failed(&self, details: &InvoiceDetails, provider: &mut ProviderInvoice, message: &str) {
        self.open(details, provider, CollectionState::Failed { message: shortened(message) });
    }

    /// An open invoice stands so; what an attempt of before came to is over.
    fn open(
        &self,
        details: &InvoiceDetails,
        provider: &mut ProviderInvoice,
        state: CollectionState,
    ) {
        if details.status == InvoiceStatus::Open && self.is_news {
            provider.state = state;
        }
    }
}

/// What a paid invoice says whose grant was taken back before.
const PAID_IN_VAIN: &str = "The provider was paid before it could cancel the invoice of the voided \
                            credit grant. No credits were granted: refund the payment.";

/// What is to be done about an invoice, if anything is.
struct Todo {
    record: Option<Record>,
    collection: Option<Collection>,
}

impl Todo {
    fn of(state: &mut dyn State, at: Place<'_>, id: InvoiceId) -> Result<Self, Failure> {
        let record = state.record(at.environment, RecordKind::Collection, &id.to_string())?;
        let collection = record.as_ref().and_then(Collection::of);
        Ok(Self { record, collection })
    }

    fn intent(&self) -> Option<Intent> {
        self.collection.as_ref().map(|collection| collection.intent)
    }

    /// What the invoice says is bought: what the grant is called, unless it was called otherwise when it
    /// was begun.
    fn description(&self, grant: &GrantRecord) -> String {
        match &self.collection {
            Some(collection) => collection.description.clone(),
            None => grant.words.display_name.clone().unwrap_or_default(),
        }
    }

    /// It is about the newest attempt, and that is not still to be made: until it is, the provider says
    /// what became of the one before.
    fn is_news(&self, outcome: &CollectionOutcome, attempts: u32) -> bool {
        let is_to_be_made = self.intent() == Some(Intent::Collect);
        outcome.attempt >= attempts && (!is_to_be_made || outcome.asked == Intent::Collect)
    }

    /// Says what is to be done now.
    fn go_on(
        self,
        state: &mut dyn State,
        at: Place<'_>,
        told: &Told<'_>,
        invoice: &Invoice,
    ) -> Result<(), Failure> {
        let outcome = told.outcome;
        let is_over = match invoice.status {
            InvoiceStatus::Open => false,
            InvoiceStatus::Paid { .. } => true,
            // Whoever made it meanwhile did not know that nobody wants it.
            InvoiceStatus::Canceled { .. } => !outcome.said.is_unsettled(),
        };
        if is_over {
            return match &self.record {
                Some(record) => Ok(state.remove_record(record)?),
                None => Ok(()),
            };
        }
        let is_unwanted = told.is_voided || invoice.status != InvoiceStatus::Open;
        let intent = match (&outcome.said, outcome.asked) {
            _ if is_unwanted => Intent::Cancel,
            _ if !told.is_news => return Ok(()),
            (ProviderSaid::Stands(_), _) | (ProviderSaid::Refused { .. }, Intent::Collect) => {
                Intent::Watch
            }
            _ => self.intent().unwrap_or(Intent::Watch),
        };
        // Whoever asked for something else has not tried this.
        if self.intent() == Some(Intent::Cancel) && outcome.asked != Intent::Cancel {
            return Ok(());
        }
        let now = state.real_now();
        let next =
            if intent == Intent::Cancel && outcome.asked != intent { now } else { outcome.next };
        let mut collection = Collection::new(intent, self.description(told.grant), now, next);
        if let Some(before) = self.collection.filter(|before| before.intent == intent) {
            collection.tries = before.tries.saturating_add(1);
        }
        collection.trouble = outcome.said.trouble().map(shortened);
        records::put(state, at, &[collection.record(outcome.invoice)]).map(drop)
    }
}

/// A customer whom the provider made known is called so from now on.
fn know_payer(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    payer: &str,
) -> Result<(), Failure> {
    const BILLING_ID: &str = "billingId";
    let id = grant.wallet.customer.as_str();
    let Some(mut customer) = state.record(at.environment, RecordKind::Customer, id)? else {
        return Ok(());
    };
    if payer.is_empty() || customer.text(BILLING_ID).is_some() {
        return Ok(());
    }
    let members = Map::from_iter([(BILLING_ID.to_owned(), Value::from(payer))]);
    records::merge(state, at, &mut customer, &members)
}

/// Characters of a provider's message that are kept.
const MESSAGE_CHARACTERS_MAX: usize = 500;

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_CHARACTERS_MAX).collect()
}
