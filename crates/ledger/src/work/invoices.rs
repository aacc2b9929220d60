//! Invoices of the built-in `manual` provider: made with their grants, and marked by hand.

use scrip_core::{Command, Entity, GrantId, GrantState, Refusal, Timestamp};

use super::repeats::wallet_time;
use super::{Extra, Failure, Place, State, StoreError, command, grants};
use crate::{
    Answer, GrantInvoice, GrantRecord, Invoice, InvoiceDetails, InvoiceId, InvoiceStatus,
    RecordKind,
};

/// Makes the record of the invoice of a grant that was just made, if it has one.
pub(super) fn keep(state: &mut dyn State, grant: &GrantRecord) -> Result<(), Failure> {
    match grant.latest_invoice() {
        Some(invoice) => Ok(state.insert_record(&mut invoice.record())?),
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
            let confirm = Command::ConfirmPayment(id.grant());
            let ran = command(state, at, &grant.wallet, &confirm, &Extra::default())?;
            ran.own?;
            settle(state, at, id, InvoiceStatus::Paid { at: ran.at }).map(answer)
        }
    }
}

/// An open invoice will not be paid: its grant waits for ever, until it is voided.
pub(super) fn cancel(
    state: &mut dyn State,
    at: Place<'_>,
    id: InvoiceId,
) -> Result<Answer, Failure> {
    let (grant, invoice) = find(state, at, id)?;
    match invoice.status {
        InvoiceStatus::Canceled { .. } => Ok(answer(invoice)),
        InvoiceStatus::Paid { .. } => Err(Refusal::InvoicePaid { id: id.to_string() }.into()),
        InvoiceStatus::Open => {
            let now = wallet_time(state, at, &grant.wallet)?;
            settle(state, at, id, InvoiceStatus::Canceled { at: now }).map(answer)
        }
    }
}

/// A grant that is voided before it was paid needs no payment any more.
pub(super) fn cancel_of_voided(
    state: &mut dyn State,
    at: Place<'_>,
    id: GrantId,
    now: Timestamp,
) -> Result<(), Failure> {
    let invoice = grants::find(state, at, id)?.latest_invoice();
    match invoice.filter(|invoice| invoice.status == InvoiceStatus::Open) {
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
