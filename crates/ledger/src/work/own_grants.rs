//! Grants that a wallet makes by itself: recharges (decision 53) and recurring grants (decision 82).

use scrip_core::{
    Circumstances, Command, Decided, Entity, Event, GrantId, GrantState, PaymentState,
    RecurringGrantId, Refusal, Renewal, RenewalNumber, SetRenewal, Timestamp, WalletKey, Words,
};

use super::records::{find, insert, known_standings, merge, refuse_archived};
use super::repeats::put_back;
use super::{Extra, Failure, Place, State, StoreError, collections, command};
use crate::recurring::body_of;
use crate::slot::Slot;
use crate::{
    Answer, GrantInvoice, GrantRecord, Payment, PutRecurringGrant, RechargeView, Record,
    RecordKind, RecurringGrantView, WalletRecharge,
};

/// Whether a wallet may make grants by itself now: neither its customer nor its currency is archived
/// (decisions 48 and 74). Asked only where it matters.
pub(super) fn circumstances(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &Slot,
    command: &Command,
) -> Result<Circumstances, StoreError> {
    let begins = matches!(command, Command::SetRecharge(_) | Command::SetRenewal(_));
    if !slot.wallet.makes_grants() && !begins {
        return Ok(Circumstances::RESTING);
    }
    let key = slot.wallet.key();
    let named = [
        (RecordKind::Customer, key.customer.as_str()),
        (RecordKind::CustomCurrency, key.currency.as_str()),
    ];
    for (kind, id) in named {
        let standing = state.standing(at.environment, kind, id)?;
        if standing.is_none_or(|standing| standing.is_archived) {
            return Ok(Circumstances::RESTING);
        }
    }
    // Only a recharge that is wanted can be charged: others need not know by whom.
    let is_wanted = slot.wallet.recharge().is_some_and(|recharge| recharge.setting.is_enabled);
    let recharges = if is_wanted || matches!(command, Command::SetRecharge(_)) {
        recharge_payment(state, at)?
    } else {
        PaymentState::Settled
    };
    Ok(Circumstances { recharges: Some(recharges), ..Circumstances::LIVE })
}

/// Whether a recharge has to wait for its charge: where a provider collects. Otherwise its cost is only
/// counted (decision 67).
fn recharge_payment(state: &mut dyn State, at: Place<'_>) -> Result<PaymentState, StoreError> {
    let provider = collections::kind(state, at)?;
    Ok(provider.map_or(PaymentState::Settled, |_| PaymentState::Pending))
}

/// The invoice of a grant that the wallet made by itself: of a recharge that waits for its charge.
pub(super) fn own_invoice(
    state: &mut dyn State,
    at: Place<'_>,
    grant: &GrantRecord,
) -> Result<GrantInvoice, StoreError> {
    if !grant.is_recharge || grant.grant.state != GrantState::PaymentPending {
        return Ok(GrantInvoice::None);
    }
    let provider = collections::kind(state, at)?;
    Ok(GrantInvoice::of_new(Payment::Charge, provider, grant.grant.created_at))
}

/// Saves what the owner of a wallet wants. An archived customer's recharge can be set, and is off.
pub(super) fn set_recharge(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletRecharge,
) -> Result<Answer, Failure> {
    let WalletRecharge { wallet, mut setting } = item.clone();
    known_standings(state, at, &wallet)?;
    if setting.unit_cost.is_none() {
        let currency =
            state.record(at.environment, RecordKind::CustomCurrency, wallet.currency.as_str())?;
        setting.unit_cost = currency.and_then(|currency| currency.unit_cost());
    }
    let set = Command::SetRecharge(setting);
    let ran = command(state, at, &wallet, &set, &Extra::default())?;
    ran.own?;
    let slot = state.load(&wallet)?.ok_or_else(|| lost(&wallet))?;
    let recharge = slot.wallet.recharge().cloned();
    put_back(state, slot)?;
    let recharge = recharge.ok_or_else(|| lost(&wallet))?;
    Ok(Answer::Recharge(Box::new(RechargeView { wallet, recharge, at: ran.at })))
}

/// Makes a recurring grant in a wallet that may have grants, or changes one.
pub(super) fn put_recurring(
    state: &mut dyn State,
    at: Place<'_>,
    put: &PutRecurringGrant,
) -> Result<Answer, Failure> {
    let PutRecurringGrant { wallet, id, amount, cadence, anchor, priority, display_name } = put;
    let (customer, currency) = known_standings(state, at, wallet)?;
    let known = state.record(at.environment, RecordKind::RecurringGrant, id.as_str())?;
    let known = known.filter(|record| record.archived_at.is_none());
    if known.is_none() {
        refuse_archived(&wallet.customer, customer)?;
        if currency.is_archived {
            return Err(Refusal::archived(Entity::CustomCurrency, &wallet.currency).into());
        }
    }
    let is_of = |record: &Record| {
        RecurringGrantView::of(record).is_some_and(|known| known.wallet == *wallet)
    };
    if known.as_ref().is_some_and(|record| !is_of(record)) {
        return Err(Refusal::RecurringGrantMoved { id: id.to_string() }.into());
    }
    let set = SetRenewal {
        id: id.clone(),
        amount: *amount,
        cadence: *cadence,
        anchor: *anchor,
        priority: *priority,
    };
    let extra = Extra { display_name: Some(display_name.clone()), ..Extra::default() };
    command(state, at, wallet, &Command::SetRenewal(set), &extra)?.own?;
    let renewal = renewal(state, wallet, id)?.ok_or_else(|| lost(wallet))?;
    let body = body_of(put, renewal.terms.anchor);
    let record = match known {
        // A double click changes nothing.
        Some(record) if body.iter().all(|(name, value)| record.body.get(name) == Some(value)) => {
            record
        }
        Some(mut record) => {
            merge(state, at, &mut record, &body)?;
            record
        }
        None => insert(state, at, RecordKind::RecurringGrant, id.as_str(), body)?,
    };
    answer(&record, Some(renewal.next))
}

/// Ends a recurring grant.
pub(super) fn remove_recurring(
    state: &mut dyn State,
    at: Place<'_>,
    wallet: &WalletKey,
    id: &RecurringGrantId,
) -> Result<Answer, Failure> {
    let unknown = || Refusal::not_found(Entity::RecurringGrant, id);
    let mut record = find(state, at, RecordKind::RecurringGrant, id.as_str())?;
    let is_it = RecurringGrantView::of(&record).is_some_and(|known| known.wallet == *wallet);
    if record.archived_at.is_some() || !is_it {
        return Err(unknown().into());
    }
    command(state, at, wallet, &Command::RemoveRenewal(id.clone()), &Extra::default())?.own?;
    let now = state.now(at.environment).max(record.updated_at);
    record.archived_at = Some(now);
    record.updated_at = now;
    state.update_record(&record)?;
    answer(&record, None)
}

/// The recurring grants of a wallet that have a period which began by an instant, by their numbers: a
/// command may remove one whose period began just before it.
pub(super) fn renewals_due(slot: &Slot, by: Timestamp) -> Vec<(RenewalNumber, RecurringGrantId)> {
    let renewals = slot.wallet.renewals().iter().filter(|renewal| renewal.next <= by);
    renewals.map(|renewal| (renewal.number, renewal.terms.id.clone())).collect()
}

/// The words of the grants that the wallet made by itself with these rows, and whether a recharge
/// did. What was due before a recurring grant was put is called as it was until then.
pub(super) fn own_words(
    state: &mut dyn State,
    at: Place<'_>,
    renewals: Vec<(RenewalNumber, RecurringGrantId)>,
    rows: &[Decided],
    extra: &Extra,
) -> Result<Vec<(GrantId, Words, bool)>, StoreError> {
    let mut made = Vec::new();
    let mut put_name = None;
    for decided in rows {
        match &decided.row.event {
            Event::RenewalSet { .. } => put_name.clone_from(&extra.display_name),
            Event::Recharged { grant, .. } => {
                made.push((grant.id, recharge_words(), true));
            }
            Event::Renewed { number, grant, .. } => {
                let known = renewals.iter().find(|(known, _)| known == number);
                let name = match (&put_name, known) {
                    (Some(name), _) => Some(name.clone()),
                    (None, Some((_, id))) => name_of(state, at, id)?,
                    (None, None) => None,
                };
                made.push((grant.id, named(&name.unwrap_or_default()), false));
            }
            _ => {}
        }
    }
    Ok(made)
}

/// What the grants of a recharge are called (decision 78).
pub fn recharge_words() -> Words {
    named("Automatic recharge")
}

/// Words that are a name.
pub(super) fn named(name: &str) -> Words {
    Words { display_name: Some(name.to_owned()), ..Words::default() }
}

fn name_of(
    state: &mut dyn State,
    at: Place<'_>,
    id: &RecurringGrantId,
) -> Result<Option<String>, StoreError> {
    let record = state.record(at.environment, RecordKind::RecurringGrant, id.as_str())?;
    Ok(record.as_ref().and_then(RecurringGrantView::of).map(|known| known.display_name))
}

fn answer(record: &Record, next: Option<Timestamp>) -> Result<Answer, Failure> {
    let wrong = || StoreError::Corrupt(format!("records: {} is no recurring grant", record.id));
    let view = RecurringGrantView::of(record).ok_or_else(wrong)?;
    Ok(Answer::RecurringGrant(Box::new(RecurringGrantView { next, ..view })))
}

/// A recurring grant as its wallet knows it now.
fn renewal(
    state: &mut dyn State,
    wallet: &WalletKey,
    id: &RecurringGrantId,
) -> Result<Option<Renewal>, Failure> {
    let slot = state.load(wallet)?.ok_or_else(|| lost(wallet))?;
    let renewal = slot.wallet.renewal(id).cloned();
    put_back(state, slot)?;
    Ok(renewal)
}

fn lost(wallet: &WalletKey) -> Failure {
    StoreError::Corrupt(format!("wallet {wallet:?} is gone after its own change")).into()
}
