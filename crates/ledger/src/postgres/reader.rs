//! Reading: one transaction that only reads, in which everything is of one instant.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId, GrantId, NameHash, Timestamp, WalletKey};

use super::session::Session;
use super::tables::records::Place;
use super::tables::{bucket_of, entries, grants, names, records, states, wallets};
use crate::event::Named;
use crate::export::Rows;
use crate::history::{Entries, Entry, Kept};
use crate::published::Published;
use crate::slot::{Position, Slot, WalletNumber};
use crate::work::StoreError;
use crate::{GrantRecord, Record, RecordKind};

/// How many rows are fetched at once, at most, by a walk along the links of a wallet.
const WALK_MOST: i64 = 256;
/// How many rows are kept in memory meanwhile.
const KEPT_MOST: usize = 16_384;

/// One transaction that only reads.
pub struct Reader<'a> {
    session: &'a Session,
    /// The bucket of the customer whom the questions are about; none is all.
    bucket: Option<i16>,
    walked: RefCell<Walked>,
    slots: RefCell<HashMap<WalletKey, Option<Arc<Slot>>>>,
}

/// Rows that were fetched along the links of wallets.
struct Walked {
    entries: HashMap<Position, Entry>,
    /// How many to fetch next. Whoever asks for one row often asks for the one before it.
    next: i64,
}

impl<'a> Reader<'a> {
    /// Reads of a customer, or of all.
    pub fn of(session: &'a Session, whose: Option<(EnvironmentId, &CustomerId)>) -> Self {
        let bucket = whose.map(|(environment, customer)| bucket_of(environment, customer));
        let walked = RefCell::new(Walked { entries: HashMap::new(), next: 1 });
        Self { session, bucket, walked, slots: RefCell::default() }
    }

    /// Its connection.
    pub const fn session(&self) -> &Session {
        self.session
    }

    fn bucket(&self) -> Result<i16, StoreError> {
        self.bucket.ok_or_else(|| StoreError::Failed("nobody said whose rows".to_owned()))
    }

    /// The row at a position, with some of those before it.
    fn walk(&self, bucket: i16, position: Position) -> Result<Option<Entry>, StoreError> {
        let mut walked = self.walked.borrow_mut();
        if let Some(entry) = walked.entries.get(&position) {
            return Ok(Some(entry.clone()));
        }
        if walked.entries.len() > KEPT_MOST {
            walked.entries.clear();
        }
        let found = entries::entries_back(self.session, bucket, position, walked.next)?;
        walked.next = (walked.next * 4).min(WALK_MOST);
        let first = found.first().cloned();
        walked.entries.extend(found.into_iter().map(|entry| (entry.position, entry)));
        Ok(first)
    }
}

impl Entries for Reader<'_> {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        match self.bucket {
            Some(bucket) => self.walk(bucket, position),
            None => entries::entry_anywhere(self.session, position),
        }
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        names::newest_of(self.session, self.bucket()?, name)
    }

    fn kept_state(&self, wallet: u64, until: u64) -> Result<Option<Kept>, StoreError> {
        states::kept_state(self.session, self.bucket()?, wallet, until)
    }
}

impl Rows for Reader<'_> {
    fn wallet_key(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError> {
        wallets::key_of(self.session, number)
    }

    // Positions of transactions that did not commit are empty.
    fn stretch(
        &self,
        after: Position,
        until: Position,
        asks_for: &mut dyn FnMut(WalletNumber) -> Result<bool, StoreError>,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        for entry in entries::entries_between(self.session, after, until)? {
            if asks_for(entry.wallet)? {
                found.push(entry);
            }
        }
        Ok(found)
    }
}

impl Published for Reader<'_> {
    // Nothing changes within the transaction.
    fn slot(&self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        if let Some(known) = self.slots.borrow().get(key) {
            return Ok(known.clone());
        }
        let slot = wallets::slot(self.session, key)?;
        self.slots.borrow_mut().insert(key.clone(), slot.clone());
        Ok(slot)
    }

    fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, StoreError> {
        wallets::wallets_of(self.session, environment, customer)
    }

    fn due(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<WalletKey>, StoreError> {
        wallets::due(self.session, environment, now, most)
    }
}

impl Named for Reader<'_> {
    type Error = StoreError;

    fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        records::record(self.session, &Place::new(environment, kind, id))
    }

    fn record_at(&self, ordinal: u64) -> Result<Option<Record>, StoreError> {
        records::record_at(self.session, ordinal)
    }

    fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        grants::grant(self.session, environment, id)
    }
}
