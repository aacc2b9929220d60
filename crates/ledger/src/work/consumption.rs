//! Burning credits, once for each key.

use std::collections::HashMap;

use scrip_core::{Command, Event, Fingerprint, NameHash, NameKind, Refusal, Row};

use super::records::{ensure_customer, standings};
use super::repeats::{put_back, seen_now, wallet_time};
use super::{Extra, Failure, Place, State, overflow, run_on};
use crate::history::Entry;
use crate::slot::Slot;
use crate::{Answer, Consumed, OrderRefusal, Rejected, WalletConsume};

pub(super) fn consume(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletConsume,
) -> Result<Answer, Failure> {
    standings(state, at, &item.wallet.customer, &item.wallet.currency)?;
    consume_standing(state, at, item).map(Answer::Consumed)
}

/// Checks all items, then decides each on its own (decisions 52, 65, 71).
pub(super) fn consume_batch(
    state: &mut dyn State,
    at: Place<'_>,
    items: &[WalletConsume],
) -> Result<Answer, Failure> {
    let mut seen = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        check_item(state, at, item, &mut seen).map_err(|failure| match failure {
            Failure::Refused(OrderRefusal { refusal, .. }) => {
                Failure::Refused(OrderRefusal { index: Some(index), refusal })
            }
            other => other,
        })?;
    }
    let mut rejected = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match consume_standing(state, at, item) {
            Ok(_) => {}
            Err(Failure::Refused(OrderRefusal { refusal, .. })) => {
                rejected.push(Rejected { index, refusal });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(Answer::Batch(rejected))
}

/// What must hold of an item before anything of its batch is applied.
fn check_item(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletConsume,
    seen: &mut HashMap<NameHash, Fingerprint>,
) -> Result<(), Failure> {
    standings(state, at, &item.wallet.customer, &item.wallet.currency)?;
    let key = &item.consume.key;
    let name = NameHash::of(&item.wallet, NameKind::Consumption, key.as_str());
    let fingerprint = item.consume.fingerprint();
    if *seen.entry(name).or_insert(fingerprint) != fingerprint {
        return Err(Refusal::KeyReused { key: key.to_string() }.into());
    }
    if item.consume.created_at.is_some() && recall(state, name, item)?.is_none() {
        // By the wallet's time, like everything that is decided about the item afterwards.
        item.consume.check_times(wallet_time(state, at, &item.wallet)?)?;
    }
    Ok(())
}

/// Burns for a customer and a currency that may be used, unless the key was used before.
fn consume_standing(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletConsume,
) -> Result<Consumed, Failure> {
    let WalletConsume { wallet, consume } = item;
    let slot = state.load(wallet)?.unwrap_or_else(|| Slot::new(wallet.clone()));
    let name = NameHash::within(&slot.genesis, NameKind::Consumption, consume.key.as_str());
    if let Some(entry) = recall(state, name, item)? {
        return repeat(state, at, item, slot, &entry.row);
    }
    let command = Command::Consume(consume.clone());
    let extra = Extra { name: Some(name), ..Extra::default() };
    let ran = run_on(state, at, slot, &command, &extra)?;
    ran.own?;
    ensure_customer(state, at, &wallet.customer)?;
    let attributed_at = consume.created_at.unwrap_or(ran.at);
    Ok(Consumed { amount: consume.amount, attributed_at, balance: ran.balance })
}

/// Same key and same request: the first answer's amount and instant with the balance as it is now,
/// nothing changed. Another request: a conflict (decision 13).
fn repeat(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletConsume,
    slot: Slot,
    row: &Row,
) -> Result<Consumed, Failure> {
    let balance = seen_now(state, at, &slot)?.balance().map_err(overflow)?;
    put_back(state, slot)?;
    let key = &item.consume.key;
    let same = row.mark.as_ref().is_some_and(|mark| mark.fingerprint == item.consume.fingerprint());
    if !same {
        return Err(Refusal::KeyReused { key: key.to_string() }.into());
    }
    Ok(Consumed { amount: item.consume.amount, attributed_at: row.attributed_at, balance })
}

/// The row that this key made, if the hit is confirmed by the full key.
fn recall(
    state: &mut dyn State,
    name: NameHash,
    item: &WalletConsume,
) -> Result<Option<Entry>, Failure> {
    let Some(position) = state.find(name)? else { return Ok(None) };
    let entry = state.entry(position)?;
    let key = entry.row.mark.as_ref().and_then(|mark| mark.key.as_ref());
    let is_confirmed =
        key == Some(&item.consume.key) && matches!(entry.row.event, Event::Consumed { .. });
    Ok(is_confirmed.then_some(entry))
}
