//! A stored row as the API's rows.

use std::sync::Arc;

use scrip_core::WalletKey;

use super::Entry;
use super::reading::overflow;
use crate::RowView;
use crate::work::StoreError;

/// The parts of a wallet's row in their order, each with the balance after it.
pub fn parts_of(key: &WalletKey, entry: &Entry) -> Result<Vec<RowView>, StoreError> {
    let overflow = |_| overflow(entry);
    let row = &entry.row;
    let mut balance_after =
        row.event.effect().and_then(|effect| row.balance_after.minus(effect)).map_err(overflow)?;
    let parts = row.event.parts().map_err(overflow)?;
    let mut views = Vec::with_capacity(parts.len());
    for part in parts {
        balance_after = balance_after.plus(part.amount).map_err(overflow)?;
        let (wallet, row) = (key.clone(), Arc::clone(row));
        views.push(RowView { wallet, part, row, hash: entry.hash, balance_after });
    }
    Ok(views)
}
