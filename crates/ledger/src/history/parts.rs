//! A stored row as the API's rows.

use std::sync::Arc;

use scrip_core::{Event, Row, WalletKey};

use super::reading::{check_older, overflow};
use super::{Entries, Entry};
use crate::RowView;
use crate::work::StoreError;

/// The parts of a wallet's row in their order, each with the balance after it.
pub fn parts_of(
    entries: &impl Entries,
    key: &WalletKey,
    entry: &Entry,
) -> Result<Vec<RowView>, StoreError> {
    let overflow = |_| overflow(entry);
    let row = &entry.row;
    let mut balance_after =
        row.event.effect().and_then(|effect| row.balance_after.minus(effect)).map_err(overflow)?;
    let parts = row.event.parts().map_err(overflow)?;
    let placed = placed(entries, entry)?;
    let mut views = Vec::with_capacity(parts.len());
    for part in parts {
        balance_after = balance_after.plus(part.amount).map_err(overflow)?;
        let (wallet, row) = (key.clone(), Arc::clone(row));
        let placed = placed.clone();
        views.push(RowView { wallet, part, row, hash: entry.hash, balance_after, placed });
    }
    Ok(views)
}

/// The row that placed the hold that a row ends: what its owner wrote stands there, once. None where
/// it was forgotten meanwhile.
fn placed(entries: &impl Entries, entry: &Entry) -> Result<Option<Arc<Row>>, StoreError> {
    if !matches!(entry.row.event, Event::Released { .. } | Event::HoldExpired { .. }) {
        return Ok(None);
    }
    let (mut position, mut related) = (entry.position, entry.links.related);
    while related != 0 {
        check_older(position, related)?;
        let found = entries.entry(related)?.filter(|found| found.wallet == entry.wallet);
        let found = found.ok_or_else(|| {
            StoreError::Corrupt(format!(
                "entries {position}: its link leads to no row of its wallet"
            ))
        })?;
        if let Event::Reserved { .. } = found.row.event {
            return Ok(Some(found.row));
        }
        (position, related) = (found.position, found.links.related);
    }
    Ok(None)
}
