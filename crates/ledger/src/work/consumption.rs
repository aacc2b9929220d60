//! Burning credits, once for each key.

use std::sync::Arc;

use scrip_core::{
    Command, Consume, Event, IdempotencyKey, NameHash, NameKind, Refusal, Row, WalletKey,
};

use super::records::{ensure_customer, standings};
use super::repeats::{put_back, seen_now, wallet_time};
use super::{Extra, Failure, Place, Standing, State, fresh, overflow, run_on};
use crate::fast_map::{FastHash, FastMap};
use crate::history::{Entry, check_older};
use crate::slot::Slot;
use crate::{Answer, Consumed, OrderRefusal, Rejected, WalletConsume};

pub(super) fn consume(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletConsume,
) -> Result<Answer, Failure> {
    let (_, currency) = standings(state, at, &item.wallet.customer, &item.wallet.currency)?;
    let consume = settled(item, currency);
    consume_standing(state, at, &item.wallet, consume).map(Answer::Consumed)
}

/// The consumption with everything said: what an omitted member means is decided here, in the unit
/// of work that carries it out.
fn settled(item: &WalletConsume, currency: Standing) -> Consume {
    let mut consume = item.consume.clone();
    if item.as_currency_says {
        consume.on_insufficient = currency.on_insufficient;
    }
    consume
}

/// Checks all items, then decides each on its own (decisions 52, 65, 71).
pub(super) fn consume_batch(
    state: &mut dyn State,
    at: Place<'_>,
    items: &[WalletConsume],
) -> Result<Answer, Failure> {
    let mut batch = Batch::of(items.len());
    for (index, item) in items.iter().enumerate() {
        batch.check(state, at, item).map_err(|failure| match failure {
            Failure::Refused(OrderRefusal { refusal, .. }) => {
                Failure::Refused(OrderRefusal { index: Some(index), refusal })
            }
            other => other,
        })?;
    }
    let mut rejected = Vec::new();
    for (index, (item, consume)) in items.iter().zip(batch.checked).enumerate() {
        match consume_standing(state, at, &item.wallet, consume) {
            Ok(_) => {}
            Err(Failure::Refused(OrderRefusal { refusal, .. })) => {
                rejected.push(Rejected { index, refusal });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(Answer::Batch(rejected))
}

/// The items of a batch that were checked.
struct Batch<'a> {
    /// The consumption that each item means.
    checked: Vec<Consume>,
    /// Where a key of a wallet stands first.
    first: FastMap<(&'a WalletKey, &'a IdempotencyKey), usize>,
}

impl<'a> Batch<'a> {
    fn of(items: usize) -> Self {
        let first = FastMap::with_capacity_and_hasher(items, FastHash::default());
        Self { checked: Vec::with_capacity(items), first }
    }

    /// What must hold of an item before anything of its batch is applied.
    fn check(
        &mut self,
        state: &mut dyn State,
        at: Place<'_>,
        item: &'a WalletConsume,
    ) -> Result<(), Failure> {
        let (_, currency) = standings(state, at, &item.wallet.customer, &item.wallet.currency)?;
        let consume = settled(item, currency);
        let key = &item.consume.key;
        let first = *self.first.entry((&item.wallet, key)).or_insert(self.checked.len());
        if self.checked.get(first).is_some_and(|first| !first.means_the_same(&consume)) {
            return Err(Refusal::KeyReused { key: key.to_string() }.into());
        }
        if consume.created_at.is_some() {
            let name = NameHash::of(&item.wallet, NameKind::Consumption, key.as_str());
            if recall(state, name, key)?.is_none() {
                // By the wallet's time, like everything that is decided about the item afterwards.
                consume.check_times(wallet_time(state, at, &item.wallet)?)?;
            }
        }
        self.checked.push(consume);
        Ok(())
    }
}

/// Burns for a customer and a currency that may be used, unless the key was used before.
fn consume_standing(
    state: &mut dyn State,
    at: Place<'_>,
    wallet: &WalletKey,
    consume: Consume,
) -> Result<Consumed, Failure> {
    let slot = state.load(wallet)?.unwrap_or_else(|| fresh(wallet));
    let name = NameHash::within(&slot.genesis, NameKind::Consumption, consume.key.as_str());
    if let Some(entry) = recall(state, name, &consume.key)? {
        return repeat(state, at, &consume, slot, &entry.row);
    }
    let (amount, created_at) = (consume.amount, consume.created_at);
    let command = Command::Consume(consume);
    let extra = Extra { name: Some(name), ..Extra::default() };
    let ran = run_on(state, at, slot, &command, &extra)?;
    ran.own?;
    ensure_customer(state, at, &wallet.customer)?;
    let attributed_at = created_at.unwrap_or(ran.at);
    Ok(Consumed { amount, attributed_at, balance: ran.balance })
}

/// Same key and same request: the first answer's amount and instant with the balance as it is now,
/// nothing changed. Another request: a conflict (decision 13).
fn repeat(
    state: &mut dyn State,
    at: Place<'_>,
    consume: &Consume,
    slot: Arc<Slot>,
    row: &Row,
) -> Result<Consumed, Failure> {
    let balance = seen_now(state, at, &slot)?.balance().map_err(overflow)?;
    put_back(state, slot)?;
    let same = row.mark.as_ref().is_some_and(|mark| mark.fingerprint == consume.fingerprint());
    if !same {
        return Err(Refusal::KeyReused { key: consume.key.to_string() }.into());
    }
    Ok(Consumed { amount: consume.amount, attributed_at: row.attributed_at, balance })
}

/// The row that this key made, if the hit is confirmed by the full key.
fn recall(
    state: &mut dyn State,
    name: NameHash,
    key: &IdempotencyKey,
) -> Result<Option<Entry>, Failure> {
    let Some(position) = state.find(name)? else { return Ok(None) };
    let mut entry = state.entry(position)?;
    // Its refunds have its name, and lead back to it.
    while matches!(entry.row.event, Event::Refunded { .. }) && entry.links.related > 0 {
        check_older(entry.position, entry.links.related)?;
        entry = state.entry(entry.links.related)?;
    }
    let found = entry.row.mark.as_ref().and_then(|mark| mark.key.as_ref());
    let is_confirmed = found == Some(key) && matches!(entry.row.event, Event::Consumed { .. });
    Ok(is_confirmed.then_some(entry))
}
