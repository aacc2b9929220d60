//! The heads of the wallets that changed, for anchors: read from the rows, which lie in their order.

use rusqlite::Connection;

use super::tables;
use crate::anchors::{Gathering, HeadsBehind, STRETCH_ROWS};
use crate::slot::Position;
use crate::work::StoreError;

/// The heads of the wallets that some rows behind a position are of, up to the last row.
pub(super) fn behind(
    connection: &Connection,
    position: Position,
    last: Position,
) -> Result<HeadsBehind, StoreError> {
    if position > last {
        let what = format!("the last anchor covers row {position}, but the ledger ends at {last}");
        return Err(StoreError::Corrupt(what));
    }
    let until = last.min(position.saturating_add(STRETCH_ROWS));
    let mut gathering = Gathering::default();
    tables::every_entry(connection, position, until, |entry| {
        gathering.take(entry.wallet, entry.sequence, entry.hash());
        Ok(())
    })?;
    gathering.finish(until, until == last, |number| tables::wallet(connection, number))
}
