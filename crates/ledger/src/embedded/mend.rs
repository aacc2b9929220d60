//! Making one wallet again from its rows, where its record cannot be read.

use std::collections::HashMap;
use std::path::Path;

use scrip_core::WalletKey;

use super::fold::{fold, related_of};
use super::{file, tables};
use crate::slot::{Slot, is_linked};
use crate::work::StoreError;

/// How many rows are read in one go.
const CHUNK: usize = 4_096;

/// Folds all rows of a wallet. Looks at the whole ledger, which has no index by wallet; that is the
/// price of appending fast, and this is rare.
pub(super) fn mend(directory: &Path, key: &WalletKey) -> Result<Option<Slot>, StoreError> {
    let failed = |error| StoreError::Failed(format!("making a wallet from its rows: {error}"));
    let connection = file::open_reader(directory).map_err(failed)?;
    let Some(number) = tables::wallet_number(&connection, key)? else { return Ok(None) };
    let until = tables::last_position(&connection)?;
    let mut slot = Slot::new(key.clone());
    slot.number = number;
    let mut linked_rows = HashMap::new();
    let mut after = 0;
    loop {
        let entries = tables::entries_of(&connection, number, after, until, CHUNK)?;
        let Some(last) = entries.last() else { break };
        after = last.position;
        for entry in &entries {
            let linked = entry.name.and_then(|name| linked_rows.get(&name)).copied();
            let related = related_of(&connection, entry, linked)?;
            let row = fold(&mut slot, entry, Some(related))
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            // A name that was forgotten and used anew leads to its newer use.
            if is_linked(&row.event) || linked.is_some() {
                linked_rows.extend(entry.name.map(|name| (name, entry.position)));
            }
            slot.wallet.take_departed();
        }
    }
    slot.wallet
        .check()
        .map_err(|error| StoreError::Corrupt(format!("wallet {number}: {error}")))?;
    Ok(Some(slot))
}
