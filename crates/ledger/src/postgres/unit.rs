//! One transaction's unit of work: what was read, what was decided, and what is to be written.
//!
//! Orders are decided in memory, over what the transaction read and locked beforehand; what nobody
//! foresaw is read when it is asked for. Everything is written at once, at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use scrip_core::{Decided, EnvironmentId, GrantId, NameHash, Timestamp, WalletKey};

use super::Shared;
use super::horizon;
use super::kept::KeptWallet;
use super::known::{Known, Wallet};
use super::session::Session;
use super::tables::places::StoredWallet;
use super::tables::records::Place;
use super::tables::{
    answers, bucket_column, bucket_of, entries, events, grants, names, records, wallets,
};
use crate::event::DomainEvent;
use crate::history::Entry;
use crate::slot::{Position, Slot, WalletNumber, state_is_due};
use crate::verifying::RawEntry;
use crate::work::{EraseRows, ErasedRows, Settings, Standing, State, StoreError, link};
use crate::{Claim, GrantRecord, Record, RecordKind, RecordQuery, StoredAnswer};

use super::flight::Writes;

/// What the orders changed.
#[derive(Default)]
pub struct Changes {
    pub entries: entries::Added,
    /// Names that nobody had when they were looked up, and others.
    pub new_names: names::Named,
    pub names: names::Named,
    pub states: super::tables::states::Added,
    /// Wallets that changed, with their buckets: in the order in which everybody locks them.
    pub wallets: BTreeSet<(i16, WalletKey)>,
    /// By ordinal, with whether it is new.
    pub records: BTreeMap<u64, (bool, Record)>,
    /// Records that go.
    pub removed_records: records::Removed,
    /// Events that went already, with the transaction.
    pub forgotten_events: usize,
    /// Rows that were stored otherwise already, with the transaction.
    pub rewritten_rows: usize,
    pub grants: BTreeMap<u64, (bool, GrantRecord)>,
    pub events: super::tables::events::Added,
    pub claims: answers::Added,
    pub attempts: answers::Added,
    pub clocks: HashMap<EnvironmentId, Timestamp>,
}

/// One transaction's unit of work.
pub struct Unit<'a> {
    pub session: &'a Session,
    pub shared: &'a Shared,
    pub known: Known,
    pub changes: Changes,
    /// The bucket of the wallet or row that was asked for last: its relatives lie there too.
    bucket: i16,
    /// Wallets that an order works on.
    out: usize,
}

impl<'a> Unit<'a> {
    /// Over what was read.
    pub fn over(session: &'a Session, shared: &'a Shared, known: Known) -> Self {
        Self { session, shared, known, changes: Changes::default(), bucket: 0, out: 0 }
    }

    /// Every wallet that an order took out must be back when the order is answered.
    pub fn check_all_back(&self) -> Result<(), StoreError> {
        match self.out {
            0 => Ok(()),
            out => Err(StoreError::Corrupt(format!("{out} wallets were not put back"))),
        }
    }

    /// What is to be written.
    pub fn writes(&self) -> Result<Writes<'_>, StoreError> {
        let shards = self.session.shards();
        let mut writes = Writes::of(&self.changes, shards)?;
        for (_, key) in &self.changes.wallets {
            let Some(Wallet::There(slot)) = self.known.wallets.get(key) else { continue };
            match self.known.places.get(key) {
                None => writes.new_wallets.push(slot)?,
                Some(_) if shards.is_distributed() => {
                    let shard = shards.of_wallet(key);
                    writes.wallets_by_key.entry(shard).or_default().push(slot)?;
                }
                Some((tid, sequence)) => writes.wallets.push(slot, *tid, *sequence)?,
            }
        }
        Ok(writes)
    }

    /// What was stored of wallets is kept as this node's newest.
    pub fn keep(&mut self, stored: Vec<StoredWallet>) {
        let kept = stored.into_iter().filter_map(|(key, tid, checksum)| {
            match self.known.wallets.remove(&key) {
                Some(Wallet::There(slot)) => Some((key, KeptWallet { slot, tid, checksum })),
                _ => None,
            }
        });
        self.shared.kept.keep(kept);
    }

    /// Before something is written in a bucket. Where nobody foresaw it, positions that were taken are given
    /// up: readers on its worker did not know of them.
    fn enter(&mut self, bucket: i16) -> Result<(), StoreError> {
        let shards = self.session.shards();
        if shards.is_distributed() && self.known.entered.insert(shards.shard(bucket)) {
            self.session.flight(&[horizon::enter_shard(&bucket)])?;
            self.known.positions.forget();
            self.known.events.forget();
        }
        Ok(())
    }

    fn find_wallet(&mut self, key: &WalletKey) -> Result<Wallet, StoreError> {
        let keys = wallets::Keys::of([key]);
        let find = if self.known.is_locked { keys.lock() } else { keys.read() };
        let rows = self.session.query(find.sql(), find.values())?;
        let Some(row) = rows.first() else { return Ok(Wallet::Absent) };
        let (_, found) = wallets::read_found(row, &[key])?;
        self.known.found(key, found);
        Ok(self.known.wallets.remove(key).unwrap_or(Wallet::Absent))
    }

    fn number(&mut self, slot: &Slot) -> Result<WalletNumber, StoreError> {
        if slot.number > 0 {
            return Ok(slot.number);
        }
        self.known.wallet_numbers.next(self.session, 1)
    }

    fn note(&mut self, record: &Record, is_new: bool) {
        let place = Place::new(record.environment, record.kind, &record.id);
        self.known.records.insert(place, Some(record.clone()));
        let was_new = self.changes.records.get(&record.ordinal).is_some_and(|(new, _)| *new);
        self.changes.records.insert(record.ordinal, (is_new || was_new, record.clone()));
    }

    fn note_grant(&mut self, record: &GrantRecord, is_new: bool) {
        let name = (record.wallet.environment, record.grant.name.id);
        self.known.grants.insert(name, Some(record.clone()));
        let was_new = self.changes.grants.get(&record.ordinal).is_some_and(|(new, _)| *new);
        self.changes.grants.insert(record.ordinal, (is_new || was_new, record.clone()));
    }
}

impl State for Unit<'_> {
    fn settings(&self) -> Settings {
        self.shared.settings
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        let moved = self.changes.clocks.get(&environment).copied();
        moved.unwrap_or_else(|| self.shared.clocks.now(environment))
    }

    fn real_now(&self) -> Timestamp {
        self.shared.clocks.system().now()
    }

    fn set_clock(&mut self, environment: EnvironmentId, now: Timestamp) {
        self.changes.clocks.insert(environment, now);
    }

    fn record(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        let place = Place::new(environment, kind, id);
        if let Some(known) = self.known.records.get(&place) {
            return Ok(known.clone());
        }
        let record = records::record(self.session, &place)?;
        self.known.records.insert(place, record.clone());
        Ok(record)
    }

    fn standing(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Standing>, StoreError> {
        let changed = self.known.records.get(&Place::new(environment, kind, id));
        if let Some(known) = changed {
            return Ok(known.as_ref().map(Standing::of));
        }
        if kind == RecordKind::Customer
            && let Some(customers) = self.known.customers.get(&environment)
            && let Some(known) = customers.get(id)
        {
            return Ok(*known);
        }
        Ok(self.record(environment, kind, id)?.as_ref().map(Standing::of))
    }

    // Whoever asks for one of these three works alone: see `Order` and its transaction.
    fn has_archived(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<bool, StoreError> {
        records::has_archived(self.session, &Place::new(environment, kind, id))
    }

    fn count_live(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<usize, StoreError> {
        records::count_live(self.session, environment, kind)
    }

    fn all_records(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError> {
        debug_assert_eq!(environment, crate::SYSTEM);
        records::all_of_system(self.session, kind)
    }

    fn listed(&mut self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        let found = records::records(self.session, query, query.page)?;
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    fn insert_record(&mut self, record: &mut Record) -> Result<(), StoreError> {
        record.ordinal = self.known.record_ordinals.next(self.session, 1)?;
        self.note(record, true);
        Ok(())
    }

    fn update_record(&mut self, record: &Record) -> Result<(), StoreError> {
        self.note(record, false);
        Ok(())
    }

    fn remove_record(&mut self, record: &Record) -> Result<(), StoreError> {
        let place = Place::new(record.environment, record.kind, &record.id);
        self.changes.removed_records.push(&place, record.ordinal);
        self.known.records.insert(place, None);
        Ok(())
    }

    fn load(&mut self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        self.bucket = bucket_of(key.environment, &key.customer);
        let wallet = match self.known.wallets.remove(key) {
            Some(wallet) => wallet,
            None => self.find_wallet(key)?,
        };
        let (left, answer) = match wallet {
            Wallet::Absent => (Wallet::Absent, Ok(None)),
            Wallet::Frozen => (Wallet::Frozen, Err(StoreError::Frozen)),
            Wallet::There(slot) => {
                self.out += 1;
                (Wallet::Out, Ok(Some(slot)))
            }
            Wallet::Out => {
                let what = format!("wallet {key:?} is taken out twice");
                (Wallet::Out, Err(StoreError::Corrupt(what)))
            }
        };
        self.known.wallets.insert(key.clone(), left);
        answer
    }

    fn save(
        &mut self,
        mut slot: Arc<Slot>,
        rows: &[Decided],
        names: &[Option<NameHash>],
        own: Option<usize>,
    ) -> Result<Position, StoreError> {
        let key = slot.wallet.key().clone();
        self.bucket = bucket_of(key.environment, &key.customer);
        if !rows.is_empty() {
            self.enter(self.bucket)?;
            let number = self.number(&slot)?;
            Arc::make_mut(&mut slot).number = number;
            self.changes.wallets.insert((self.bucket, key.clone()));
        }
        let (mut last, mut own_position) = (0, 0);
        for (index, (decided, name)) in rows.iter().zip(names).enumerate() {
            last = self.known.positions.next(self.session, rows.len() - index)?;
            if own == Some(index) {
                own_position = last;
            }
            let links = link(self, Arc::make_mut(&mut slot), last, decided, *name)?;
            let (bucket, number) = (self.bucket, slot.number);
            let (sequence, bytes) = (decided.row.sequence, &decided.packed.bytes);
            let entry = RawEntry::sealed(last, number, sequence, links, *name, bytes);
            self.changes.entries.push(bucket, &entry);
            if let Some(name) = *name {
                let known = self.known.names.insert(name, Some(last));
                let Changes { new_names, names, .. } = &mut self.changes;
                let is_new = known == Some(None) || new_names.has(&name);
                if is_new { new_names } else { names }.push(bucket, name, last);
            }
        }
        let after = slot.wallet.sequence();
        if state_is_due(after.saturating_sub(rows.len() as u64), after) {
            self.changes.states.push(slot.number, last, &slot.wallet)?;
        }
        let before = self.known.wallets.insert(key, Wallet::There(slot));
        if matches!(before, Some(Wallet::Out)) {
            self.out -= 1;
        }
        Ok(own_position)
    }

    fn find(&mut self, name: NameHash) -> Result<Option<Position>, StoreError> {
        if let Some(known) = self.known.names.get(&name) {
            return Ok(*known);
        }
        let found = names::newest_of(self.session, self.bucket, name)?;
        self.known.names.insert(name, found);
        Ok(found)
    }

    fn entry(&mut self, position: Position) -> Result<Entry, StoreError> {
        if let Some((bucket, entry)) = self.changes.entries.at(position)? {
            self.bucket = bucket;
            return Ok(entry);
        }
        if let Some((bucket, entry)) = self.known.entries.get(&position) {
            self.bucket = *bucket;
            return Ok(entry.clone());
        }
        let missing = || StoreError::Corrupt(format!("entries {position}: missing"));
        let entry = entries::entry(self.session, self.bucket, position)?.ok_or_else(missing)?;
        self.known.entries.insert(position, (self.bucket, entry.clone()));
        Ok(entry)
    }

    // Whoever asks works alone, so every row is in its table.
    fn erase_rows(&mut self, rows: &EraseRows<'_>) -> Result<ErasedRows, StoreError> {
        let bucket = bucket_of(rows.wallet.environment, &rows.wallet.customer);
        let most = i64::try_from(rows.most).unwrap_or(i64::MAX);
        let mut erased = ErasedRows { next: rows.from, ..ErasedRows::default() };
        let mut rewritten = entries::Rewritten::default();
        let found = entries::raw_back(self.session, bucket, rows.from, most)?;
        if found.is_empty() {
            return Err(StoreError::Corrupt(format!("entries {}: missing", rows.from)));
        }
        for entry in found {
            if let Some(entry) = erased.take(&entry, rows)? {
                rewritten.push(&entry);
            }
        }
        self.changes.rewritten_rows += rewritten.write(self.session, bucket)?;
        Ok(erased)
    }

    fn grant(
        &mut self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        if let Some(known) = self.known.grants.get(&(environment, id)) {
            return Ok(known.clone());
        }
        let found = grants::grant(self.session, environment, id)?;
        self.known.grants.insert((environment, id), found.clone());
        Ok(found)
    }

    fn insert_grant(&mut self, record: &mut GrantRecord) -> Result<(), StoreError> {
        debug_assert_eq!(
            bucket_column(record.grant.name.id.bucket()),
            bucket_of(record.wallet.environment, &record.wallet.customer)
        );
        record.ordinal = self.known.grant_ordinals.next(self.session, 1)?;
        self.note_grant(record, true);
        Ok(())
    }

    fn update_grant(&mut self, record: &GrantRecord) -> Result<(), StoreError> {
        self.note_grant(record, false);
        Ok(())
    }

    fn insert_event(&mut self, event: &mut DomainEvent) -> Result<(), StoreError> {
        self.enter(events::bucket_of_event(event))?;
        event.position = self.known.events.next(self.session, 1)?;
        self.changes.events.push(event)
    }

    fn forget_events(&mut self, until: u64, most: usize) -> Result<usize, StoreError> {
        let gone = events::forget(self.session, until, most)?;
        self.changes.forgotten_events += gone;
        Ok(gone)
    }

    fn claimed(&mut self, scope: [u8; 32]) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError> {
        if let Some(known) = self.known.claims.get(&scope) {
            return Ok(known.clone());
        }
        answers::claimed(self.session, scope)
    }

    fn store_claim(&mut self, claim: Claim, answer: &StoredAnswer) -> Result<(), StoreError> {
        self.known.claims.insert(claim.scope, Some((claim.body, answer.clone())));
        self.changes.claims.push_claim(claim, answer);
        Ok(())
    }

    fn latest_attempt(
        &mut self,
        scope: [u8; 32],
        since: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        if let Some(answer) = self.changes.attempts.latest(&scope) {
            return Ok(Some(answer));
        }
        answers::latest_attempt(self.session, scope, since)
    }

    fn store_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) -> Result<(), StoreError> {
        self.changes.attempts.push_attempt(scope, answer);
        Ok(())
    }
}
