//! Money of a paid invoice goes back: its grant loses as much of its credits (decision 47).

mod disputes;

use scrip_core::{
    Command, Event, Fingerprint, IdempotencyKey, Mark, MoneyAmount, MoneyBack, NameHash, NameKind,
    Refusal, ReturnMoney, Taken, Timestamp,
};

use super::repeats::put_back;
use super::{Extra, Failure, Place, State, command, grants, invoices, overflow};
use crate::{Answer, GrantRecord, Invoice, InvoiceRefund, InvoiceStatus, MoneyReturns};

pub(super) use disputes::note;

/// Money was given back by hand, once for each key. An archived customer is not in its way.
pub(super) fn refund(
    state: &mut dyn State,
    at: Place<'_>,
    refund: &InvoiceRefund,
) -> Result<Answer, Failure> {
    let InvoiceRefund { invoice: id, amount, key } = refund;
    let (grant, invoice) = invoices::find(state, at, *id)?;
    let name = Name { key: key.clone(), fingerprint: Fingerprint::of(&(id.grant(), amount)) };
    if let Some(made) = recall(state, &grant, key)? {
        if made.fingerprint != name.fingerprint {
            return Err(Refusal::KeyReused { key: key.to_string() }.into());
        }
        let refunded = made.refunded;
        return Ok(invoices::answer(Invoice { refunded, ..invoice }));
    }
    if invoice.provider.is_some() {
        return Err(Refusal::InvoiceOfProvider { id: id.to_string() }.into());
    }
    if !matches!(invoice.status, InvoiceStatus::Paid { .. }) {
        return Err(Refusal::InvoiceNotPaid { id: id.to_string() }.into());
    }
    let left = invoice.total.amount.less(invoice.refunded);
    if *amount > left {
        return Err(Refusal::InvoiceRefundExceeds { left }.into());
    }
    let mut money = state_of(&grant);
    let refunded = invoice.refunded.plus(*amount).map_err(overflow)?;
    let taken = money.refunded_to(refunded).map_err(overflow)?;
    let now = take_all(state, at, &grant, &taken, &name)?;
    keep(state, at, &grant, money, now).map(invoices::answer)
}

/// Under which name money went back.
struct Name {
    key: IdempotencyKey,
    fingerprint: Fingerprint,
}

/// What of the invoice's money went back so far.
fn state_of(grant: &GrantRecord) -> MoneyBack {
    let details = grant.invoice.details(grant.grant.created_at);
    let known = details.and_then(|details| details.money_back);
    let new = || MoneyBack::new(grant.grant.name.id, grant.grant.amount, grant.cost.amount);
    known.map_or_else(new, |returns| returns.state)
}

/// Says in the invoice's records how its money stands.
fn keep(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
    money: MoneyBack,
    now: Option<Timestamp>,
) -> Result<Invoice, Failure> {
    let now = now.unwrap_or_else(|| state.now(at.environment));
    let returns = MoneyReturns { state: money, at: now };
    let id = crate::InvoiceId::of(grant.grant.name.id);
    invoices::change(state, at, id, |details| details.money_back = Some(returns))
}

/// Takes the credits of grants whose money went back, and says when, if there are any.
fn take_all(
    state: &mut dyn State,
    at: Place<'_>,
    paid: &GrantRecord,
    all: &[Taken],
    name: &Name,
) -> Result<Option<Timestamp>, Failure> {
    let mut now = None;
    for one in all {
        let Taken { grant: id, money, returned, target, .. } = *one;
        let left = Some(grants::find(state, at, id)?.grant);
        let money = scrip_core::Money { amount: money, ..paid.cost };
        let Name { key, fingerprint } = name;
        let (key, fingerprint) = (key.clone(), *fingerprint);
        let asked = ReturnMoney { id, money, returned, target, left, key, fingerprint };
        let asked = Command::ReturnMoney(Box::new(asked));
        let ran = command(state, at, &paid.wallet, &asked, &Extra::default())?;
        ran.own?;
        now = Some(ran.at);
    }
    Ok(now)
}

/// A refund that was made.
struct Made {
    fingerprint: Fingerprint,
    /// The sum of all refunds, with this one.
    refunded: MoneyAmount,
}

/// The refund of this key in the grant's wallet, if the hit is confirmed by the full key.
fn recall(
    state: &mut dyn State,
    grant: &GrantRecord,
    key: &IdempotencyKey,
) -> Result<Option<Made>, Failure> {
    // Names are looked for where the wallet is.
    let Some(slot) = state.load(&grant.wallet)? else { return Ok(None) };
    let name = NameHash::within(&slot.genesis, NameKind::MoneyBack, key.as_str());
    put_back(state, slot)?;
    let Some(position) = state.find(name)? else { return Ok(None) };
    let row = state.entry(position)?.row;
    let Event::MoneyReturned { returned, .. } = row.event else { return Ok(None) };
    let is_it = |mark: &&Mark| mark.key.as_ref() == Some(key);
    let made = |mark: &Mark| Made { fingerprint: mark.fingerprint, refunded: returned };
    Ok(row.mark.as_ref().filter(is_it).map(made))
}
