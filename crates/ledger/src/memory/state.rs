//! What the memory ledger keeps, and its unit of work.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use scrip_core::{
    Decided, Digest, EnvironmentId, Event, GrantId, NameHash, Row, Timestamp, WalletKey,
};

use super::views::Views;
use crate::clock::Clocks;
use crate::event::{DomainEvent, Named};
use crate::history::Entry;
use crate::published::Published as _;
use crate::slot::{Position, RowLinks, Slot, WalletNumber};
use crate::work::{EraseRows, ErasedRows, Settings, Standing, State, StoreError, link};
use crate::{Claim, GrantRecord, Record, RecordKind, RecordQuery, StoredAnswer};

/// A row with its place.
struct KeptRow {
    wallet: WalletNumber,
    links: RowLinks,
    row: Arc<Row>,
    hash: Digest,
}

/// Everything but the wallets.
#[derive(Default)]
pub(super) struct Kept {
    rows: Vec<KeptRow>,
    pub(super) names: HashMap<NameHash, Position>,
    ordinal: u64,
    wallets: WalletNumber,
    pub(super) records: BTreeMap<u64, Record>,
    pub(super) grants: BTreeMap<u64, GrantRecord>,
    grant_ids: HashMap<(EnvironmentId, GrantId), u64>,
    pub(super) events: Vec<DomainEvent>,
    /// Of the event that was stored last.
    last_event: u64,
    pub(super) claims: HashMap<[u8; 32], ([u8; 32], StoredAnswer)>,
    attempts: HashMap<[u8; 32], (Timestamp, StoredAnswer)>,
}

impl Kept {
    pub(super) fn entry(&self, position: Position) -> Option<Entry> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        let kept = self.rows.get(index)?;
        let KeptRow { wallet, links, ref row, hash } = *kept;
        Some(Entry { position, wallet, links, row: Arc::clone(row), hash })
    }

    pub(super) fn last_position(&self) -> Position {
        self.rows.len() as Position
    }

    pub(super) fn newest_of(&self, name: NameHash) -> Option<Position> {
        self.names.get(&name).copied()
    }

    pub(super) fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Option<Record> {
        let same = |record: &&Record| {
            record.environment == environment && record.kind == kind && record.id == id
        };
        let candidates = self.records.values().filter(same);
        // The live one, else the one archived last; of two archived at once, the newer.
        candidates
            .max_by_key(|record| (record.archived_at.is_none(), record.archived_at, record.ordinal))
            .cloned()
    }

    pub(super) fn grant(&self, environment: EnvironmentId, id: GrantId) -> Option<GrantRecord> {
        let ordinal = self.grant_ids.get(&(environment, id))?;
        self.grants.get(ordinal).cloned()
    }

    /// The records of a query, whatever its page is.
    pub(super) fn records_of(
        &self,
        query: &RecordQuery,
    ) -> impl DoubleEndedIterator<Item = (u64, Record)> {
        let matching = self.records.values().filter(|record| {
            record.environment == query.environment
                && record.kind == query.kind
                && query.created.contains(record.created_at)
                && query.archived.is_none_or(|asked| asked == record.archived_at.is_some())
                && query.matching.iter().all(|(name, text)| record.text(name) == Some(text))
        });
        matching.map(|record| (record.ordinal, record.clone()))
    }

    fn next_ordinal(&mut self) -> u64 {
        self.ordinal += 1;
        self.ordinal
    }
}

impl Named for Kept {
    type Error = Infallible;

    fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, Infallible> {
        Ok(self.record(environment, kind, id))
    }

    fn record_at(&self, ordinal: u64) -> Result<Option<Record>, Infallible> {
        Ok(self.records.get(&ordinal).cloned())
    }

    fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, Infallible> {
        Ok(self.grant(environment, id))
    }
}

/// One order's work. Nothing here can fail half-way, so nothing has to be forgotten.
pub(super) struct Unit<'a> {
    pub(super) views: &'a Views,
    pub(super) clocks: &'a Clocks,
    pub(super) settings: Settings,
    pub(super) kept: &'a mut Kept,
}

impl State for Unit<'_> {
    fn settings(&self) -> Settings {
        self.settings
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        self.clocks.now(environment)
    }

    fn real_now(&self) -> Timestamp {
        self.clocks.system().now()
    }

    fn set_clock(&mut self, environment: EnvironmentId, now: Timestamp) {
        self.clocks.set(environment, now);
    }

    fn record(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        Ok(self.kept.record(environment, kind, id))
    }

    fn standing(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Standing>, StoreError> {
        Ok(self.kept.record(environment, kind, id).map(|record| Standing::of(&record)))
    }

    fn has_archived(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.kept.records.values().any(|record| {
            record.environment == environment
                && record.kind == kind
                && record.id == id
                && record.archived_at.is_some()
        }))
    }

    fn count_live(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<usize, StoreError> {
        let is_live = |record: &&Record| {
            record.environment == environment && record.kind == kind && record.archived_at.is_none()
        };
        Ok(self.kept.records.values().filter(is_live).count())
    }

    fn all_records(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError> {
        let records = self.kept.records.values();
        let of_kind = |record: &&Record| record.environment == environment && record.kind == kind;
        Ok(records.filter(of_kind).cloned().collect())
    }

    fn listed(&mut self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        let found = super::stretch(self.kept.records_of(query), query.page);
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    fn insert_record(&mut self, record: &mut Record) -> Result<(), StoreError> {
        record.ordinal = self.kept.next_ordinal();
        self.update_record(record)
    }

    fn update_record(&mut self, record: &Record) -> Result<(), StoreError> {
        self.views.key_holders.publish(record);
        self.kept.records.insert(record.ordinal, record.clone());
        Ok(())
    }

    fn remove_record(&mut self, record: &Record) -> Result<(), StoreError> {
        self.kept.records.remove(&record.ordinal);
        Ok(())
    }

    fn load(&mut self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        self.views.slot(key)
    }

    fn save(
        &mut self,
        mut slot: Arc<Slot>,
        rows: &[Decided],
        names: &[Option<NameHash>],
        own: Option<usize>,
    ) -> Result<Position, StoreError> {
        if slot.number == 0 {
            self.kept.wallets += 1;
            Arc::make_mut(&mut slot).number = self.kept.wallets;
        }
        let first = self.kept.rows.len() as Position + 1;
        for (decided, name) in rows.iter().zip(names) {
            let position = self.kept.rows.len() as Position + 1;
            let links = link(self, Arc::make_mut(&mut slot), position, decided, *name)?;
            let row = Arc::new(decided.row.clone());
            let (wallet, hash) = (slot.number, decided.packed.hash);
            self.kept.rows.push(KeptRow { wallet, links, row, hash });
            self.kept.names.extend(name.map(|name| (name, position)));
        }
        if !rows.is_empty() {
            self.views.publish(slot);
        }
        Ok(own.map_or(0, |own| first + own as Position))
    }

    fn find(&mut self, name: NameHash) -> Result<Option<Position>, StoreError> {
        Ok(self.kept.newest_of(name))
    }

    fn entry(&mut self, position: Position) -> Result<Entry, StoreError> {
        let missing = || StoreError::Corrupt(format!("rows {position}: missing"));
        self.kept.entry(position).ok_or_else(missing)
    }

    fn erase_rows(&mut self, rows: &EraseRows<'_>) -> Result<ErasedRows, StoreError> {
        let mut erased = ErasedRows { next: rows.from, ..ErasedRows::default() };
        for _ in 0..rows.most {
            let index = usize::try_from(erased.next).ok().and_then(|at| at.checked_sub(1));
            let Some(kept) = index.and_then(|index| self.kept.rows.get_mut(index)) else { break };
            if kept.row.sequence <= rows.until {
                if kept.row.texts.words().is_some() {
                    let texts = kept.row.texts.erased();
                    Arc::make_mut(&mut kept.row).texts =
                        texts.map_err(|error| StoreError::Failed(error.to_string()))?;
                }
                if let Event::GrantCreated { grant, .. } = &kept.row.event {
                    erased.grants.push(grant.id);
                }
            }
            erased.next = kept.links.previous;
        }
        Ok(erased)
    }

    fn grant(
        &mut self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        Ok(self.kept.grant(environment, id))
    }

    fn insert_grant(&mut self, record: &mut GrantRecord) -> Result<(), StoreError> {
        record.ordinal = self.kept.next_ordinal();
        let name = (record.wallet.environment, record.grant.name.id);
        self.kept.grant_ids.insert(name, record.ordinal);
        self.update_grant(record)
    }

    fn update_grant(&mut self, record: &GrantRecord) -> Result<(), StoreError> {
        self.kept.grants.insert(record.ordinal, record.clone());
        Ok(())
    }

    fn insert_event(&mut self, event: &mut DomainEvent) -> Result<(), StoreError> {
        self.kept.last_event += 1;
        event.position = self.kept.last_event;
        self.kept.events.push(event.clone());
        Ok(())
    }

    fn forget_events(&mut self, until: u64, most: usize) -> Result<usize, StoreError> {
        let until = until.min(self.kept.last_event.saturating_sub(1));
        let old = self.kept.events.iter().take(most).take_while(|event| event.position <= until);
        let count = old.count();
        self.kept.events.drain(..count);
        Ok(count)
    }

    fn claimed(&mut self, scope: [u8; 32]) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError> {
        Ok(self.kept.claims.get(&scope).cloned())
    }

    fn store_claim(&mut self, claim: Claim, answer: &StoredAnswer) -> Result<(), StoreError> {
        self.kept.claims.insert(claim.scope, (claim.body, answer.clone()));
        Ok(())
    }

    fn latest_attempt(
        &mut self,
        scope: [u8; 32],
        since: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let attempt = self.kept.attempts.get(&scope).filter(|(at, _)| *at >= since);
        Ok(attempt.map(|(_, answer)| answer.clone()))
    }

    fn store_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) -> Result<(), StoreError> {
        let now = self.real_now();
        self.kept.attempts.insert(scope, (now, answer.clone()));
        Ok(())
    }
}
