//! Connections that only read, lent one by one.

#[cfg(test)]
mod measured;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use scrip_core::NameHash;

use super::{OpenError, file, tables};
use crate::LedgerError;
use crate::history::{Entries, Entry};
use crate::slot::Position;
use crate::work::StoreError;

/// Connections that are kept for the next reader.
const IDLE_MAX: usize = 8;

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

impl Entries for Reader {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        tables::entry(&self.connection, position)
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        (self.find_name)(name)
    }
}
