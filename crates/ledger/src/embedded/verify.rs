//! `scrip verify`: everything that can be recomputed is, and compared.

use std::path::Path;

use rusqlite::Connection;

use super::findings::Finding;
use super::replay::Replay;
use super::{OpenError, file, tables};
use crate::slot::Position;
use crate::work::StoreError;

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Rows whose hash, sequence, links, effects and balance were recomputed.
    pub rows: u64,
    /// Wallets whose conservation was checked.
    pub wallets: usize,
    /// Grants whose records were compared.
    pub grants: usize,
}

/// Why a store could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is wrong; this is the first thing.
    #[error(transparent)]
    Wrong(#[from] Finding),
}

/// Recomputes chains, balances and conservation of a store, which may be in use, and compares
/// everything that stands beside the rows. Nothing is written.
pub fn verify(
    directory: &Path,
    mut progress: impl FnMut(Position, Position),
) -> Result<Verified, VerifyError> {
    let connection = file::open_reader(directory)?;
    let mut replay = Replay::to_verify();
    // Most rows are read chunk by chunk, so that a store in use can go on; the rest, and what
    // stands beside the rows, as of one moment.
    catch_up(&connection, &mut replay, &mut progress)?;
    connection.execute_batch("begin").map_err(StoreError::from).map_err(Finding::from)?;
    catch_up(&connection, &mut replay, &mut progress)?;
    replay.check_wallets()?;
    if let Some(empty) = replay.slots.values().find(|slot| slot.wallet.sequence() == 0) {
        return Err(Finding::Other(format!("wallets: {} has no rows", empty.number)).into());
    }
    let mut audit = replay.audit.take().unwrap_or_default();
    audit.check_states(&connection)?;
    let grants = audit.check_grants(&connection, &replay.slots)?;
    Ok(Verified { rows: replay.last, wallets: replay.slots.len(), grants })
}

fn catch_up(
    connection: &Connection,
    replay: &mut Replay,
    progress: &mut impl FnMut(Position, Position),
) -> Result<(), Finding> {
    let until = tables::last_position(connection)?;
    // Read after the position: a wallet is listed in the commit of its first row.
    replay.meet_wallets(connection)?;
    replay.run(connection, until, progress)
}
