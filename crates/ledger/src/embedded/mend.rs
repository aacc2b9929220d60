//! Making one wallet again from its rows, where its record cannot be read.

use std::path::Path;

use scrip_core::WalletKey;

use super::{file, tables};
use crate::slot::Slot;
use crate::verifying::Linked;
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
    let mut linked = Linked::default();
    let mut after = 0;
    loop {
        let entries = tables::entries_of(&connection, number, after, until, CHUNK)?;
        let Some(last) = entries.last() else { break };
        after = last.position;
        for entry in &entries {
            let mut uncompared = None;
            linked
                .fold(&connection, &mut slot, entry, |error| uncompared = Some(error))
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            uncompared.map_or(Ok(()), Err)?;
            slot.wallet.take_departed();
        }
    }
    slot.wallet
        .check()
        .map_err(|error| StoreError::Corrupt(format!("wallet {number}: {error}")))?;
    Ok(Some(slot))
}
