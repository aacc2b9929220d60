//! A directory that is copied to.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;
use scrip_core::{Timestamp, WalletKey};

use super::super::file::{self, DirectoryLock};
use super::super::tables::{self, InsertEntry};
use super::super::{OpenError, evidence};
use crate::anchors::Anchor;
use crate::clock::SystemClock;
use crate::copying::{CarriedAnswer, Chunk, Rows, Standing, Target};
use crate::slot::{Slot, WalletNumber};
use crate::verifying::fold;
use crate::work::StoreError;
use crate::{Claim, EventMarks, GrantRecord, Record, RecordKind, SYSTEM};

/// How many rows are read in one go.
const CHUNK: usize = 16_384;

/// A directory that is copied to. As long as the copy is not finished, nobody serves it.
pub struct CopyTarget {
    _lock: DirectoryLock,
    ledger: Connection,
}

impl CopyTarget {
    /// Opens a directory, or makes it.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        evidence::check_presence(directory)?;
        let lock = file::own_directory(directory)?;
        file::write_log_again(directory)?;
        let ledger = file::open_writer(directory)?;
        Ok(Self { _lock: lock, ledger })
    }

    fn put(&self, chunk: &Chunk<'_>) -> Result<(), StoreError> {
        match chunk {
            Chunk::Records(records) => self.put_records(records),
            Chunk::Grants(grants) => self.put_grants(grants),
            Chunk::Rows(rows) => self.put_rows(rows),
            Chunk::Events(events) => {
                events.iter().try_for_each(|event| tables::insert_event(&self.ledger, event))
            }
            Chunk::Claims(answers) | Chunk::Attempts(answers) => {
                answers.iter().try_for_each(|answer| self.put_answer(answer))
            }
        }
    }

    fn put_records(&self, records: &[Record]) -> Result<(), StoreError> {
        records.iter().try_for_each(|record| {
            let mut record = record.clone();
            Anchor::number_rows_anew(&mut record);
            tables::insert_record(&self.ledger, &record)
        })
    }

    fn put_grants(&self, grants: &[GrantRecord]) -> Result<(), StoreError> {
        grants.iter().try_for_each(|grant| tables::insert_grant(&self.ledger, grant))
    }

    fn put_rows(&self, rows: &Rows) -> Result<(), StoreError> {
        for (number, (slot, is_new)) in &rows.wallets {
            if *is_new {
                tables::insert_wallet(&self.ledger, *number, slot.wallet.key())?;
            }
        }
        let mut insert = InsertEntry::on(&self.ledger)?;
        for entry in &rows.entries {
            insert.raw(entry)?;
        }
        for (number, position, wallet) in &rows.states {
            tables::insert_state(&self.ledger, *number, *position, wallet)?;
        }
        Ok(())
    }

    fn put_answer(&self, carried: &CarriedAnswer) -> Result<(), StoreError> {
        let CarriedAnswer { scope, body, stored_at, answer, .. } = carried;
        let at = Timestamp::from_milliseconds(*stored_at)
            .map_err(|_| StoreError::Corrupt("when an answer was stored".to_owned()))?;
        match body {
            Some(body) => {
                let claim = Claim { scope: *scope, body: *body };
                tables::insert_claim(&self.ledger, claim, at, answer)
            }
            None => tables::insert_attempt(&self.ledger, *scope, at, answer),
        }
    }

    /// Another store may have left out numbers of events.
    fn note_gaps(&self) -> Result<(), StoreError> {
        let last = tables::last_event(&self.ledger)?;
        let known = tables::record(&self.ledger, SYSTEM, RecordKind::EventMarks, EventMarks::ID)?;
        let marks = known.as_ref().and_then(EventMarks::of).unwrap_or_default();
        let new = EventMarks { gaps_up_to: last, ..marks }.record();
        match known {
            Some(record) => {
                tables::update_record(&self.ledger, &Record { body: new.body, ..record })
            }
            None if last == 0 => Ok(()),
            None => {
                let now = SystemClock::of_machine().now();
                let record = Record {
                    ordinal: tables::last_record(&self.ledger)?.saturating_add(1),
                    environment: SYSTEM,
                    kind: new.kind,
                    id: new.id,
                    created_at: now,
                    updated_at: now,
                    archived_at: None,
                    body: new.body,
                };
                tables::insert_record(&self.ledger, &record)
            }
        }
    }

    fn in_transaction(
        &self,
        work: impl FnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ledger.execute_batch("begin immediate")?;
        let done = work(self).and_then(|()| Ok(self.ledger.execute_batch("commit")?));
        if done.is_err() {
            // What cannot be undone goes with the connection.
            let _ = self.ledger.execute_batch("rollback");
        }
        done
    }
}

impl Target for CopyTarget {
    const IS_WITHOUT_GAPS: bool = true;

    fn standing(&self) -> Result<Standing, StoreError> {
        if let Some(progress) = file::unfinished_copy(&self.ledger)? {
            return Ok(Standing::Unfinished(progress));
        }
        let is_empty =
            tables::last_record(&self.ledger)? == 0 && tables::last_position(&self.ledger)? == 0;
        Ok(if is_empty { Standing::Empty } else { Standing::Taken })
    }

    // The wallets are made of the rows when the directory is opened; here only the rows lie.
    fn all_slots(&self) -> Result<Option<HashMap<WalletNumber, Slot>>, StoreError> {
        let (mut slots, mut after) = (HashMap::<WalletNumber, Slot>::new(), 0);
        tables::each_wallet_after(&self.ledger, 0, |wallet| {
            if let Ok((number, key)) = wallet {
                let mut slot = Slot::new(key);
                slot.number = number;
                slots.insert(number, slot);
            }
        })?;
        let end = tables::last_position(&self.ledger)?;
        while after < end {
            for entry in tables::entries_after(&self.ledger, after, end, CHUNK)? {
                after = entry.position;
                let missing = || StoreError::Corrupt(format!("wallet {} is missing", entry.wallet));
                let slot = slots.get_mut(&entry.wallet).ok_or_else(missing)?;
                fold(slot, &entry, None).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                slot.wallet.take_departed();
            }
        }
        Ok(Some(slots))
    }

    fn slot(&self, _key: &WalletKey) -> Result<Option<Slot>, StoreError> {
        Ok(None)
    }

    fn write(&mut self, chunk: &Chunk<'_>, progress: &[u8]) -> Result<(), StoreError> {
        self.in_transaction(|this| {
            this.put(chunk)?;
            file::put_unfinished_copy(&this.ledger, progress)
        })
    }

    fn finish(
        &mut self,
        secret: Option<[u8; 32]>,
        frozen: &[(WalletNumber, String)],
    ) -> Result<(), StoreError> {
        let now = SystemClock::of_machine().now();
        self.in_transaction(|this| {
            for (number, reason) in frozen {
                tables::freeze_wallet(&this.ledger, *number, now, reason)?;
            }
            this.note_gaps()?;
            if let Some(secret) = secret {
                file::put_secret(&this.ledger, secret)?;
            }
            file::end_copy(&this.ledger)
        })
    }
}
