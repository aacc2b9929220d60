//! The heads of the wallets that changed, for anchors.

use std::collections::HashMap;

use super::session::Session;
use super::tables::{entries, wallets};
use crate::anchors::{Gathering, HeadsBehind, STRETCH_ROWS};
use crate::slot::Position;
use crate::work::StoreError;

/// The heads of the wallets that some rows behind a position are of, up to a position before which no
/// row is added any more.
pub fn behind(
    session: &Session,
    position: Position,
    last: Position,
) -> Result<HeadsBehind, StoreError> {
    if position > last {
        let what = format!("the last anchor covers row {position}, but the ledger ends at {last}");
        return Err(StoreError::Corrupt(what));
    }
    let until = last.min(position.saturating_add(STRETCH_ROWS));
    let mut gathering = Gathering::default();
    entries::each_hash_between(session, position, until, |wallet, sequence, hash| {
        gathering.take(wallet, sequence, hash);
    })?;
    let keys: HashMap<_, _> =
        wallets::keys_of(session, &gathering.wallets())?.into_iter().collect();
    gathering.finish(until, until == last, |number| Ok(keys.get(&number).cloned()))
}
