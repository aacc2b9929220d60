//! What an order needs is loaded before it is queued: its wallets into memory, and whether any slice
//! knows its names. The writer then looks only at memory.

use scrip_core::{WalletKey, genesis};

use super::Shared;
use super::names::{Checked, Unsure};
use super::readers::Reader;
use super::tables;
use crate::reading::store_error;
use crate::{LedgerError, Order, Work};

/// How warm an order is without reading the disk.
pub(super) enum AtOnce {
    /// The writer finds all of it in memory.
    Warm(Checked),
    /// Its wallets are in memory, and a slice may know some of its names.
    Unsure(Unsure),
    /// It is to be warmed in a thread that may wait.
    Cold,
}

/// Warms an order as far as nothing has to be read from the disk for it.
pub(super) fn warm_at_once(shared: &Shared, order: &Order) -> Result<AtOnce, LedgerError> {
    let work = &order.work;
    if work.grant().is_some() {
        return Ok(AtOnce::Cold);
    }
    let wallets = work.wallets();
    let mut slots = Vec::with_capacity(wallets.len());
    for key in wallets {
        check_frozen(shared, work, key)?;
        let Some(slot) = shared.wallets.in_memory(key) else { return Ok(AtOnce::Cold) };
        slots.push(slot);
    }
    let known = |index: usize, key: &WalletKey| {
        slots.get(index).map_or_else(|| genesis(key), |slot| slot.genesis)
    };
    let names = work.names_within(known).into_iter().map(|(_, name)| name).collect();
    Ok(match Checked::by_filter(shared.keys.slices(), names) {
        Ok(checked) => AtOnce::Warm(checked),
        Err(unsure) => AtOnce::Unsure(unsure),
    })
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
    let names = work.names().into_iter().map(|(_, name)| name).collect();
    Checked::by_filter(shared.keys.slices(), names).or_else(Unsure::ask).map_err(store_error)
}

/// Refuses an order of a frozen wallet before it costs others anything. Time passes in the wallets
/// beside it.
fn check_frozen(shared: &Shared, work: &Work, key: &WalletKey) -> Result<(), LedgerError> {
    let is_refused = shared.wallets.is_frozen(key) && !matches!(work, Work::Advance(_));
    if is_refused { Err(LedgerError::Frozen) } else { Ok(()) }
}
