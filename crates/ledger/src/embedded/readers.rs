//! Connections that only read, lent one by one.

#[cfg(test)]
mod measured;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use scrip_core::{NameHash, WalletKey};

use super::{OpenError, Shared, file, tables};
use crate::LedgerError;
use crate::export::{Rows, Skims};
use crate::history::{Entries, Entry, Kept};
use crate::reading::{self, Living, store_error};
use crate::slot::{Position, WalletNumber};
use crate::work::StoreError;

/// Connections that are kept for the next reader: as many as read at once when many ask. To open one
/// takes longer than most questions.
const IDLE_MAX: usize = 64;

/// Finds the newest durable row of a name.
pub(super) type FindName =
    dyn Fn(NameHash) -> Result<Option<Position>, StoreError> + Send + Sync + 'static;

pub(super) struct Readers {
    directory: PathBuf,
    find_name: Arc<FindName>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(directory: &Path, find_name: Arc<FindName>) -> Self {
        Self { directory: directory.to_owned(), find_name, idle: Mutex::default() }
    }

    /// Reads with a connection of its own, in the calling thread.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => file::open_reader(&self.directory)
                .map_err(|error: OpenError| LedgerError::Internal(error.to_string()))?,
        };
        let reader = Reader { connection, find_name: Arc::clone(&self.find_name) };
        let result = read(&reader);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(reader.connection);
        }
        result
    }
}

/// One connection that only reads.
pub(super) struct Reader {
    pub(super) connection: Connection,
    find_name: Arc<FindName>,
}

impl Reader {
    /// Reads grants' records as the commit left them whose wallets are published, with these
    /// wallets' living grants.
    pub(super) fn at_one_instant<T>(
        &self,
        shared: &Shared,
        keys: impl Fn(&Shared) -> Result<Vec<WalletKey>, StoreError>,
        read: impl FnOnce(&Self, &[Living]) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let failed = |error: rusqlite::Error| store_error(error.into());
        // Cold wallets are loaded before, so that the writer need not wait for the disk.
        for key in keys(shared).map_err(store_error)? {
            shared.wallets.load(&key).map_err(store_error)?;
        }
        let (transaction, living) = {
            let _still = shared.publication.still();
            let transaction = self.connection.unchecked_transaction().map_err(failed)?;
            tables::last_grant(&transaction).map_err(store_error)?;
            let keys = keys(shared).map_err(store_error)?;
            let living = reading::living(&shared.wallets, &shared.clocks, &keys);
            (transaction, living.map_err(store_error)?)
        };
        let read = read(self, &living);
        transaction.finish().map_err(failed)?;
        read
    }

    /// The last row whose wallet is published as it left it.
    pub(super) fn last_published(&self, shared: &Shared) -> Result<Position, LedgerError> {
        let _still = shared.publication.still();
        tables::last_position(&self.connection).map_err(store_error)
    }
}

impl Rows for Reader {
    fn wallet_key(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError> {
        tables::wallet(&self.connection, number)
    }

    fn stretch(
        &self,
        after: Position,
        until: Position,
        asks_for: &mut dyn FnMut(WalletNumber) -> Result<bool, StoreError>,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        tables::every_entry(&self.connection, after, until, |entry| {
            if asks_for(entry.wallet)? {
                entries.push(entry.read()?);
            }
            Ok(())
        })?;
        Ok(entries)
    }

    fn skim(
        &self,
        after: Position,
        until: Position,
        who: &mut dyn Skims,
    ) -> Result<(), StoreError> {
        tables::every_entry(&self.connection, after, until, |entry| {
            if who.asks_for(entry.wallet)? {
                let row = entry.skim()?;
                who.take(entry.position, entry.wallet, &row.event, row.attributed_at)?;
            }
            Ok(())
        })
    }
}

impl Entries for Reader {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        tables::entry(&self.connection, position)
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        (self.find_name)(name)
    }

    fn kept_state(&self, wallet: u64, until: u64) -> Result<Option<Kept>, StoreError> {
        tables::kept_state(&self.connection, wallet, until)
    }
}
