//! `scrip verify`: everything that can be recomputed is, and compared.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;
use scrip_core::{Grant, GrantId, WalletKey};

use super::replay::{Finding, Replay};
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

/// Recomputes chains, balances and conservation of a store, which may be in use: the rows that
/// are there when it begins. Nothing is written.
pub fn verify(
    directory: &Path,
    progress: impl FnMut(Position, Position),
) -> Result<Verified, VerifyError> {
    let connection = file::open_reader(directory)?;
    let until = tables::last_position(&connection).map_err(other)?;
    // Read after the position: a wallet is listed in the commit of its first row.
    let mut replay = Replay::to_verify(&connection).map_err(other)?;
    replay.run(&connection, until, progress)?;
    replay.check_wallets()?;
    if let Some(finding) = replay.missing_states() {
        return Err(finding.into());
    }
    let grants = check_grants(&connection, &replay)?;
    let wallets = replay.slots.values().filter(|slot| slot.wallet.sequence() > 0).count();
    Ok(Verified { rows: until, wallets, grants })
}

/// Every grant has a record, and the record of one that ended says how it ended.
fn check_grants(connection: &Connection, replay: &Replay) -> Result<usize, Finding> {
    let mut count = 0;
    let mut seen: HashMap<(WalletKey, GrantId), ()> = HashMap::new();
    for slot in replay.slots.values() {
        let ended = replay.departed.iter().flatten();
        let ended = ended.filter(|(number, _)| *number == slot.number).map(|(_, grant)| grant);
        for grant in slot.wallet.grants().iter().chain(ended) {
            check_grant(connection, slot.wallet.key(), grant)?;
            if seen.insert((slot.wallet.key().clone(), grant.name.id), ()).is_none() {
                count += 1;
            }
        }
    }
    Ok(count)
}

fn check_grant(connection: &Connection, key: &WalletKey, grant: &Grant) -> Result<(), Finding> {
    let id = grant.name.id;
    let record = tables::grant(connection, key.environment, id)
        .map_err(other)?
        .ok_or_else(|| Finding::Other(format!("grants: {id} has no record")))?;
    let same_facts = record.wallet == *key
        && record.grant.amount == grant.amount
        && record.grant.grant_type == grant.grant_type
        && record.grant.created_at == grant.created_at;
    if !same_facts {
        return Err(Finding::Other(format!("grants: the record of {id} is not of this grant")));
    }
    let departed = grant.is_dead() && grant.held.is_zero();
    if departed && record.grant != *grant {
        return Err(Finding::Other(format!(
            "grants: the record of {id} does not say how the grant ended"
        )));
    }
    Ok(())
}

fn other(error: StoreError) -> Finding {
    Finding::Other(error.to_string())
}
