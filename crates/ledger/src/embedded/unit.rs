//! The writer's unit of work: one batch of orders over one transaction.
//!
//! What a batch changes in memory lies in an overlay until the transaction is durable; a batch
//! that fails leaves nothing behind.

use std::sync::Arc;

use rusqlite::Connection;
use scrip_core::{Decided, EnvironmentId, GrantId, NameHash, Timestamp, WalletKey};

use super::known_records::{Changed, KnownRecords};
use super::mark::Mark;
use super::names::Checked;
use super::reach::Reach;
use super::tables::{self, InsertEntry};
use crate::event::DomainEvent;
use crate::fast_map::FastMap;
use crate::history::Entry;
use crate::published::Published as _;
use crate::slot::{Position, Slot, WalletNumber, state_is_due};
use crate::usage::NewlyUsed;
use crate::work::{EraseRows, ErasedRows, Settings, Standing, State, StoreError, link};
use crate::{Claim, GrantRecord, Record, RecordKind, RecordQuery, StoredAnswer};

use super::Shared;

pub(super) type Standings = FastMap<(EnvironmentId, RecordKind), FastMap<Box<str>, Standing>>;

/// Standings that are kept in memory at most; beyond that they are asked for again.
const STANDINGS_MAX: usize = 200_000;

/// What the writer knows between batches: all of it durable.
pub(super) struct Base {
    /// The numbers that were given out last.
    pub last: Last,
    /// How far the ledger must reach.
    pub mark: Mark,
    /// How records stand, as far as somebody asked.
    pub standings: Standings,
}

/// The numbers that were given out last.
#[derive(Clone, Copy)]
pub(super) struct Last {
    pub reach: Reach,
    pub wallet: WalletNumber,
    pub record: u64,
    pub grant: u64,
    pub event: u64,
}

/// What a batch changes in memory.
pub(super) struct Overlay {
    slots: FastMap<WalletKey, Arc<Slot>>,
    names: FastMap<NameHash, Position>,
    standings: Standings,
    clocks: FastMap<EnvironmentId, Timestamp>,
    keys: Vec<Record>,
    /// Records that readers may have in memory.
    changed: Vec<Changed>,
    /// Wallets that were taken out and are not back.
    out: Vec<WalletKey>,
    last: Last,
    /// Bytes of rows.
    bytes: u64,
    /// What rows used; none where others lose their words, which it may have.
    used: Option<Vec<NewlyUsed>>,
}

impl Overlay {
    /// Nothing changed yet.
    pub(super) fn on(base: &Base) -> Self {
        Self {
            slots: FastMap::default(),
            names: FastMap::default(),
            standings: FastMap::default(),
            clocks: FastMap::default(),
            keys: Vec::new(),
            changed: Vec::new(),
            out: Vec::new(),
            last: base.last,
            bytes: 0,
            used: Some(Vec::new()),
        }
    }

    /// Where the ledger ends with this batch.
    pub(super) const fn reach(&self) -> Reach {
        self.last.reach
    }

    /// The records that it changes, of those that readers may have in memory.
    pub(super) fn changed_records(&self) -> &[Changed] {
        &self.changed
    }

    fn change(&mut self, record: &Record) {
        if KnownRecords::may_keep(record.kind) {
            let place = (record.environment, record.kind);
            self.changed.push((place, record.id.as_str().into()));
        }
    }

    /// Makes the changes of a durable batch visible.
    pub(super) fn publish(self, base: &mut Base, shared: &Shared) {
        shared.names.extend(self.names, self.last.reach.position);
        forget_some(&mut base.standings);
        for (place, standings) in self.standings {
            base.standings.entry(place).or_default().extend(standings);
        }
        for (environment, now) in self.clocks {
            shared.clocks.set(environment, now);
        }
        for record in &self.keys {
            shared.key_holders.publish(record);
        }
        let mut dirty = Vec::new();
        for slot in self.slots.into_values() {
            let key = slot.wallet.key().clone();
            if shared.wallets.publish(slot) {
                dirty.push(key);
            }
        }
        // A wallet that was only looked at, but dropped meanwhile, is new to the rounds too.
        // Rows that lost their words are no new ones.
        if !dirty.is_empty() || self.last.reach != base.last.reach || self.used.is_none() {
            let behind = &shared.keep.behind;
            behind.committed(dirty, self.last.reach, self.bytes, self.used);
        }
        base.last = self.last;
    }
}

/// What may be asked again is forgotten when there is too much of it.
fn forget_some(standings: &mut Standings) {
    if standings.values().map(FastMap::len).sum::<usize>() > STANDINGS_MAX {
        standings.clear();
    }
}

/// One batch.
pub(super) struct Unit<'a> {
    pub connection: &'a Connection,
    pub shared: &'a Shared,
    pub base: &'a mut Base,
    pub overlay: Overlay,
    /// What was asked of the slices for the order at hand.
    pub checked: &'a Checked,
    /// Stores rows, once there was one.
    pub insert_entry: Option<InsertEntry<'a>>,
}

impl State for Unit<'_> {
    fn settings(&self) -> Settings {
        self.shared.settings
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        let moved = self.overlay.clocks.get(&environment).copied();
        moved.unwrap_or_else(|| self.shared.clocks.now(environment))
    }

    fn real_now(&self) -> Timestamp {
        self.shared.clocks.system().now()
    }

    fn set_clock(&mut self, environment: EnvironmentId, now: Timestamp) {
        self.overlay.clocks.insert(environment, now);
    }

    fn record(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        tables::record(self.connection, environment, kind, id)
    }

    fn standing(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Standing>, StoreError> {
        let place = (environment, kind);
        for known in [&self.overlay.standings, &self.base.standings] {
            if let Some(standing) = known.get(&place).and_then(|known| known.get(id)) {
                return Ok(Some(*standing));
            }
        }
        let record = self.record(environment, kind, id)?;
        let standing = record.as_ref().map(Standing::of);
        if let Some(standing) = standing {
            self.base.standings.entry(place).or_default().insert(id.into(), standing);
        }
        Ok(standing)
    }

    fn has_archived(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<bool, StoreError> {
        tables::has_archived(self.connection, environment, kind, id)
    }

    fn count_live(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<usize, StoreError> {
        tables::count_live(self.connection, environment, kind)
    }

    fn all_records(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError> {
        tables::all_records(self.connection, environment, kind)
    }

    fn listed(&mut self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        let found = tables::records(self.connection, query, query.page)?;
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    fn insert_record(&mut self, record: &mut Record) -> Result<(), StoreError> {
        self.overlay.last.record += 1;
        record.ordinal = self.overlay.last.record;
        tables::insert_record(self.connection, record)?;
        self.note(record);
        Ok(())
    }

    fn update_record(&mut self, record: &Record) -> Result<(), StoreError> {
        tables::update_record(self.connection, record)?;
        self.note(record);
        Ok(())
    }

    fn remove_record(&mut self, record: &Record) -> Result<(), StoreError> {
        self.overlay.change(record);
        tables::remove_record(self.connection, record)
    }

    fn load(&mut self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        // A wallet that is out would be found again as the last commit left it.
        if self.overlay.out.contains(key) {
            return Err(StoreError::Corrupt(format!("wallet {key:?} is taken out twice")));
        }
        let slot = match self.overlay.slots.remove(key) {
            Some(slot) => Some(slot),
            // It was loaded when the order was queued; at worst it was dropped since.
            None => self.shared.wallets.slot(key)?,
        };
        if self.shared.wallets.is_frozen(key) {
            return Err(StoreError::Frozen);
        }
        if slot.is_some() {
            self.overlay.out.push(key.clone());
        }
        Ok(slot)
    }

    fn save(
        &mut self,
        mut slot: Arc<Slot>,
        rows: &[Decided],
        names: &[Option<NameHash>],
        own: Option<usize>,
    ) -> Result<Position, StoreError> {
        let first = self.overlay.last.reach.position + 1;
        if slot.number == 0 && !rows.is_empty() {
            self.overlay.last.wallet += 1;
            Arc::make_mut(&mut slot).number = self.overlay.last.wallet;
            tables::insert_wallet(self.connection, slot.number, slot.wallet.key())?;
        }
        for (decided, name) in rows.iter().zip(names) {
            let position = self.overlay.last.reach.position + 1;
            let links = link(self, Arc::make_mut(&mut slot), position, decided, *name)?;
            self.insert_entry()?.decided(position, slot.number, links, *name, decided)?;
            self.overlay.last.reach = Reach { position, hash: decided.packed.hash };
            self.overlay.bytes += decided.packed.bytes.len() as u64;
            self.overlay.names.extend(name.map(|name| (name, position)));
            if self.shared.adds_usage_up
                && let Some(used) = &mut self.overlay.used
            {
                used.extend(NewlyUsed::of(slot.number, position, &decided.row)?);
            }
        }
        let after = slot.wallet.sequence();
        if state_is_due(after.saturating_sub(rows.len() as u64), after) {
            let position = self.overlay.last.reach.position;
            tables::insert_state(self.connection, slot.number, position, &slot.wallet)?;
        }
        self.overlay.out.retain(|key| key != slot.wallet.key());
        self.overlay.slots.insert(slot.wallet.key().clone(), slot);
        Ok(own.map_or(0, |own| first + own as Position))
    }

    fn find(&mut self, name: NameHash) -> Result<Option<Position>, StoreError> {
        match self.overlay.names.get(&name) {
            Some(position) => Ok(Some(*position)),
            None => self.shared.names.find(&name, self.checked),
        }
    }

    fn entry(&mut self, position: Position) -> Result<Entry, StoreError> {
        let missing = || StoreError::Corrupt(format!("entries {position}: missing"));
        tables::entry(self.connection, position)?.ok_or_else(missing)
    }

    fn erase_rows(&mut self, rows: &EraseRows<'_>) -> Result<ErasedRows, StoreError> {
        self.overlay.used = None;
        let mut erased = ErasedRows { next: rows.from, ..ErasedRows::default() };
        for _ in 0..rows.most {
            let position = erased.next;
            if position == 0 {
                break;
            }
            let missing = || StoreError::Corrupt(format!("entries {position}: missing"));
            let entry = tables::raw_entry(self.connection, position)?.ok_or_else(missing)?;
            if let Some(entry) = erased.take(&entry, rows)? {
                tables::rewrite_entry(self.connection, &entry)?;
            }
        }
        Ok(erased)
    }

    fn grant(
        &mut self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        tables::grant(self.connection, environment, id)
    }

    fn insert_grant(&mut self, record: &mut GrantRecord) -> Result<(), StoreError> {
        self.overlay.last.grant += 1;
        record.ordinal = self.overlay.last.grant;
        tables::insert_grant(self.connection, record)
    }

    fn update_grant(&mut self, record: &GrantRecord) -> Result<(), StoreError> {
        tables::update_grant(self.connection, record)
    }

    fn insert_event(&mut self, event: &mut DomainEvent) -> Result<(), StoreError> {
        self.overlay.last.event += 1;
        event.position = self.overlay.last.event;
        tables::insert_event(self.connection, event)
    }

    fn forget_events(&mut self, until: u64, most: usize) -> Result<usize, StoreError> {
        // The newest says which number is given out next.
        let until = until.min(self.overlay.last.event.saturating_sub(1));
        tables::forget_events(self.connection, until, most)
    }

    fn claimed(&mut self, scope: [u8; 32]) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError> {
        tables::claimed(self.connection, scope)
    }

    fn store_claim(&mut self, claim: Claim, answer: &StoredAnswer) -> Result<(), StoreError> {
        tables::insert_claim(self.connection, claim, self.real_now(), answer)
    }

    fn latest_attempt(
        &mut self,
        scope: [u8; 32],
        since: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        tables::latest_attempt(self.connection, scope, since)
    }

    fn store_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) -> Result<(), StoreError> {
        tables::insert_attempt(self.connection, scope, self.real_now(), answer)
    }
}

impl<'a> Unit<'a> {
    /// Every wallet that an order took out must be back when the order is answered: the batch's
    /// changes to one that is not would be lost.
    pub(super) fn check_all_back(&self) -> Result<(), StoreError> {
        match self.overlay.out.first() {
            None => Ok(()),
            Some(key) => Err(StoreError::Corrupt(format!("wallet {key:?} was not put back"))),
        }
    }

    fn insert_entry(&mut self) -> Result<&mut InsertEntry<'a>, StoreError> {
        let insert = match self.insert_entry.take() {
            Some(insert) => insert,
            None => InsertEntry::on(self.connection)?,
        };
        Ok(self.insert_entry.insert(insert))
    }

    fn note(&mut self, record: &Record) {
        let place = (record.environment, record.kind);
        let standing = Standing::of(record);
        let standings = self.overlay.standings.entry(place).or_default();
        standings.insert(record.id.as_str().into(), standing);
        if record.kind == RecordKind::ApiKey {
            self.overlay.keys.push(record.clone());
        }
        self.overlay.change(record);
    }
}
