//! A directory that is copied. Nothing in it is changed.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;
use scrip_core::WalletKey;

use super::super::file::{self, DirectoryLock};
use super::super::keys::KeyStore;
use super::super::{OpenError, evidence, tables};
use crate::copying::{After, Batch, CarriedAnswer, Identity, Source, identity_of};
use crate::event::DomainEvent;
use crate::slot::{Position, WalletNumber};
use crate::verifying::RawEntry;
use crate::work::StoreError;
use crate::{GrantRecord, Record};

/// A directory that is copied. Nobody else may open it as long as it is held.
pub struct CopySource {
    _lock: DirectoryLock,
    ledger: Connection,
}

impl CopySource {
    /// Opens a directory that is not in use. One that lost rows is refused.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        file::demand(directory)?;
        let lock = file::own_directory(directory)?;
        file::write_log_again(directory)?;
        let ledger = file::open_reader(directory)?;
        file::check_whole(&ledger, directory)?;
        let ledger_id = file::ledger_id(&ledger)?;
        let (keys, _) = KeyStore::open(&directory.join("keys"), ledger_id, 0, None)?;
        if let Some(loss) = evidence::check(&ledger, directory, ledger_id, &keys)? {
            return Err(OpenError::Lost(loss));
        }
        Ok(Self { _lock: lock, ledger })
    }
}

impl Source for CopySource {
    fn identity(&self) -> Result<Identity, StoreError> {
        Ok(Identity {
            store: identity_of(self.secret()?),
            position: tables::last_position(&self.ledger)?,
            event: tables::last_event(&self.ledger)?,
            records: tables::latest_record(&self.ledger)?,
        })
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        file::secret(&self.ledger).map_err(|error| StoreError::Failed(error.to_string()))
    }

    fn records(&self, after: After, most: usize) -> Result<Batch<Record>, StoreError> {
        let items = tables::records_after(&self.ledger, after.number, most)?;
        let after = items.last().map_or(after, |last| After::number(last.ordinal));
        Ok(Batch { items, after })
    }

    fn grants(&self, after: After, most: usize) -> Result<Batch<GrantRecord>, StoreError> {
        let items = tables::grants_after(&self.ledger, after.number, most)?;
        let after = items.last().map_or(after, |last| After::number(last.ordinal));
        Ok(Batch { items, after })
    }

    fn rows(&self, after: Position, most: usize) -> Result<Vec<RawEntry>, StoreError> {
        tables::entries_after(&self.ledger, after, Position::MAX >> 1, most)
    }

    fn wallet(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError> {
        tables::wallet(&self.ledger, number)
    }

    fn states(&self) -> Result<HashSet<(WalletNumber, u64)>, StoreError> {
        Ok(tables::states(&self.ledger)?.into_iter().collect())
    }

    // They lie in one order over all environments.
    fn events(&self, after: After, most: usize) -> Result<Batch<DomainEvent>, StoreError> {
        let items = tables::events_after(&self.ledger, after.number, most)?;
        let after = items.last().map_or(after, |last| After::number(last.position));
        Ok(Batch { items, after })
    }

    fn claims(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError> {
        let items = tables::claims_after(&self.ledger, after.scope, most)?;
        let scope = items.last().map_or(after.scope, |last| last.scope);
        Ok(Batch { items, after: After { scope, ..After::default() } })
    }

    fn attempts(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError> {
        let (items, last) = tables::attempts_after(&self.ledger, after.number, most)?;
        Ok(Batch { items, after: After::number(last) })
    }

    fn frozen(&self) -> Result<Vec<(WalletNumber, String)>, StoreError> {
        let frozen = tables::frozen_wallets(&self.ledger)?;
        Ok(frozen.into_iter().map(|(_, number, reason)| (number, reason)).collect())
    }
}
