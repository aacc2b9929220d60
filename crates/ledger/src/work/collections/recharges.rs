//! What became of the charge of a recharge (decisions 24 and 25).

use scrip_core::{ChargeOutcome, Command, Fact, Notice, Timestamp};

use crate::work::{Extra, Failure, Place, State, command, events, invoices, repeats};
use crate::{CollectionState, GrantRecord, Invoice, InvoiceStatus};

/// How the invoice stood before.
pub(super) struct Was {
    pub is_paid: bool,
    pub state: CollectionState,
}

/// Tells what is news, and gives up what was declined: the grant ends unused, the recharge stands still,
/// and the provider is to cancel the invoice. A payer who has to do something first is not charged again
/// by himself: the grant waits, and counts as if it were there.
pub(super) fn follow(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    was: &Was,
    invoice: &Invoice,
) -> Result<(), Failure> {
    let Some(provider) = invoice.provider.as_ref() else { return Ok(()) };
    let is_news = provider.state != was.state;
    match (invoice.status, &provider.state) {
        (InvoiceStatus::Paid { at: now }, CollectionState::Settled) if !was.is_paid => {
            tell(state, at, grant, now, ChargeOutcome::Paid)
        }
        (InvoiceStatus::Open, CollectionState::ActionRequired { message }) if is_news => {
            let now = repeats::wallet_time(state, at, &grant.wallet)?;
            let message = message.clone();
            tell(state, at, grant, now, ChargeOutcome::ActionRequired { message })
        }
        (InvoiceStatus::Open, CollectionState::Failed { message }) if is_news => {
            give_up(state, at, grant, message.clone())
        }
        _ => Ok(()),
    }
}

fn give_up(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    message: String,
) -> Result<(), Failure> {
    let id = grant.grant.name.id;
    let fail = Command::FailRecharge { id, cost: grant.cost };
    let ran = command(state, at, &grant.wallet, &fail, &Extra::default())?;
    if ran.own.is_err() {
        // It was taken back meanwhile: nothing waits for it.
        return Ok(());
    }
    invoices::cancel_of_voided(state, at, id, ran.at)?;
    tell(state, at, grant, ran.at, ChargeOutcome::Failed { message })
}

fn tell(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    now: Timestamp,
    outcome: ChargeOutcome,
) -> Result<(), Failure> {
    let (amount, cost) = (grant.grant.amount, grant.cost);
    let fact = Fact::RechargeCharged { grant: grant.grant.name.id, amount, cost, outcome };
    events::of_wallet(state, at, &grant.wallet, vec![Notice { at: now, is_requested: false, fact }])
}
