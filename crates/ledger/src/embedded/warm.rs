//! What an order needs is loaded before it is queued: its wallets into memory, and whether any slice
//! knows its names. The writer then looks only at memory.

use scrip_core::{NameHash, WalletKey, genesis};

use super::Shared;
use super::names::Checked;
use super::readers::Reader;
use super::tables;
use crate::reading::store_error;
use crate::{LedgerError, Order, Work};

/// Warms an order if nothing has to be read from the disk for it.
pub(super) fn warm_at_once(shared: &Shared, order: &Order) -> Option<Result<Checked, LedgerError>> {
    let work = &order.work;
    if work.grant().is_some() {
        return None;
    }
    let wallets = work.wallets();
    let mut slots = Vec::with_capacity(wallets.len());
    for key in wallets {
        if let Err(refused) = check_frozen(shared, work, key) {
            return Some(Err(refused));
        }
        slots.push(shared.wallets.in_memory(key)?);
    }
    let known = |index: usize, key: &WalletKey| {
        slots.get(index).map_or_else(|| genesis(key), |slot| slot.genesis)
    };
    let names: Vec<_> = work.names_within(known).into_iter().map(|(_, name)| name).collect();
    let slices = shared.keys.slices();
    if names.iter().any(|name| slices.may_know(name)) {
        return None;
    }
    Some(Ok(Checked::absent(&slices, names)))
}

/// Warms an order in a thread that may wait.
pub(super) fn warm(
    reader: &Reader,
    shared: &Shared,
    order: &Order,
) -> Result<Checked, LedgerError> {
    let work = &order.work;
    if let Some(id) = work.grant() {
        let record = tables::grant(&reader.connection, order.environment, id);
        if let Some(record) = record.map_err(store_error)? {
            shared.wallets.load(&record.wallet).map_err(store_error)?;
            check_frozen(shared, work, &record.wallet)?;
        }
    }
    let mut loaded = 0;
    for key in work.wallets() {
        if shared.wallets.in_memory(key).is_none() {
            shared.wallets.load(key).map_err(store_error)?;
            loaded += 1;
        }
        check_frozen(shared, work, key)?;
    }
    if loaded > 0 {
        shared.gauges.wallets_loaded.add(loaded);
        if shared.wallets.are_too_many() {
            shared.keep.behind.ask();
        }
    }
    Checked::by(&shared.keys.slices(), &names_of(work)).map_err(store_error)
}

fn names_of(work: &Work) -> Vec<NameHash> {
    work.names().into_iter().map(|(_, name)| name).collect()
}

/// Refuses an order of a frozen wallet before it costs others anything. Time passes in the wallets
/// beside it.
fn check_frozen(shared: &Shared, work: &Work, key: &WalletKey) -> Result<(), LedgerError> {
    let is_refused = shared.wallets.is_frozen(key) && !matches!(work, Work::Advance(_));
    if is_refused { Err(LedgerError::Frozen) } else { Ok(()) }
}
