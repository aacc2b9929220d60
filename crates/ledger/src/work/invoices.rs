//! Invoices: made with their grants, marked by hand unless a payment provider collects them.

use scrip_core::{Command, Entity, GrantId, GrantState, Refusal, Timestamp};

use super::repeats::wallet_time;
use super::{Extra, Failure, Place, State, StoreError, collections, command, grants};
use crate::{
    Answer, GrantInvoice, GrantRecord, Invoice, InvoiceDetails, InvoiceId, InvoiceStatus,
    RecordKind,
};

/// Makes the record of the invoice of a grant that was just made, if it has one; and what is to be done
/// about it, if a provider collects it.
pub(super) fn keep(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
) -> Result<(), Failure> {
    let Some(invoice) = grant.latest_invoice() else { return Ok(()) };
    state.insert_record(&mut invoice.record())?;
    match invoice.provider {
        Some(_) => collections::begin(state, at, grant),
        None => Ok(()),
    }
}

/// The payment of an open invoice arrived: its grant's credits count in the same commit. It goes on
/// for an archived customer, as his grants do (decision 48).
pub(super) fn mark_paid(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
) -> Result<Answer, Failure> {
    let (grant, invoice) = find(state, at, id)?;
    refuse_of_provider(&invoice)?;
    match invoice.status {
        InvoiceStatus::Paid { .. } => Ok(answer(invoice)),
        InvoiceStatus::Canceled { .. } => {
            let id = id.to_string();
            Err(match grant.grant.state {
                GrantState::Voided { .. } => Refusal::InvoiceOfVoidedGrant { id },
                _ => Refusal::InvoiceCanceled { id },
            }
            .into())
        }
        InvoiceStatus::Open => {
            let paid_at = confirm(state, at, &grant)?;
            settle(state, at, id, InvoiceStatus::Paid { at: paid_at }).map(answer)
        }
    }
}

/// Lets the credits of a grant count, whose payment was awaited. The wallet's time of it.
pub(super) fn confirm(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
) -> Result<Timestamp, Failure> {
    let confirm = Command::ConfirmPayment(grant.grant.name.id);
    let ran = command(state, at, &grant.wallet, &confirm, &Extra::default())?;
    ran.own?;
    Ok(ran.at)
}

/// An open invoice will not be paid: its grant waits for ever, until it is voided.
pub(super) fn cancel(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
) -> Result<Answer, Failure> {
    let (grant, invoice) = find(state, at, id)?;
    refuse_of_provider(&invoice)?;
    match invoice.status {
        InvoiceStatus::Canceled { .. } => Ok(answer(invoice)),
        InvoiceStatus::Paid { .. } => Err(Refusal::InvoicePaid { id: id.to_string() }.into()),
        InvoiceStatus::Open => {
            let now = wallet_time(state, at, &grant.wallet)?;
            settle(state, at, id, InvoiceStatus::Canceled { at: now }).map(answer)
        }
    }
}

/// What a provider collects is not marked by hand: the two could say different things.
fn refuse_of_provider(invoice: &Invoice) -> Result<(), Refusal> {
    match invoice.provider {
        Some(_) => Err(Refusal::InvoiceOfProvider { id: invoice.id.to_string() }),
        None => Ok(()),
    }
}

/// A grant that is voided before it was paid needs no payment any more. A provider is told so; until it
/// has heard it, the invoice is open.
pub(super) fn cancel_of_voided(
    state: &mut dyn State,
    at: Place<'_>,
    id: GrantId,
    now: Timestamp,
) -> Result<(), Failure> {
    let grant = grants::find(state, at, id)?;
    match grant.latest_invoice().filter(|invoice| invoice.status == InvoiceStatus::Open) {
        Some(open) if open.provider.is_some() => collections::cancel(state, at, &grant),
        Some(open) => settle(state, at, open.id, InvoiceStatus::Canceled { at: now }).map(drop),
        None => Ok(()),
    }
}

/// The invoice, and the record of the grant that it pays for.
pub(super) fn find(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
) -> Result<(GrantRecord, Invoice), Failure> {
    let grant = state.grant(at.environment, id.grant())?;
    let found = grant.and_then(|grant| grant.latest_invoice().map(|invoice| (grant, invoice)));
    Ok(found.ok_or_else(|| Refusal::not_found(Entity::Invoice, id))?)
}

/// Says in both records, the grant's and its own, that an open invoice is settled.
fn settle(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
    settled: InvoiceStatus,
) -> Result<Invoice, Failure> {
    change(state, at, id, |details| details.status = settled)
}

/// Changes what is kept of an invoice, in its grant's record and in its own. One that was paid
/// elsewhere gets its record with its first change.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
    change: impl FnOnce(&mut InvoiceDetails),
) -> Result<Invoice, Failure> {
    let mut grant = grants::find(state, at, id.grant())?;
    let is_kept = !matches!(grant.invoice, GrantInvoice::PaidElsewhere);
    let missing = || StoreError::Corrupt(format!("records: no record of {id}"));
    let mut details = grant.invoice.details(grant.grant.created_at).ok_or_else(missing)?;
    change(&mut details);
    grant.invoice = GrantInvoice::of_details(details);
    state.update_grant(&grant)?;
    let invoice = grant.latest_invoice().ok_or_else(missing)?;
    let mut record = invoice.record();
    if is_kept {
        let kept = state.record(at.environment, RecordKind::Invoice, &id.to_string())?;
        record.ordinal = kept.ok_or_else(missing)?.ordinal;
        state.update_record(&record)?;
    } else {
        state.insert_record(&mut record)?;
    }
    Ok(invoice)
}

pub(super) fn answer(invoice: Invoice) -> Answer {
    Answer::Invoice(Box::new(invoice))
}
