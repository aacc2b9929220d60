//! The wallets in memory: the ones in use, as the last commit left them. Cold ones are dropped
//! once `snapshots.db` has them, and loaded again when somebody asks.

mod customers;
mod due;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use scrip_core::{CustomerId, EnvironmentId, Timestamp, WalletKey};

use super::snapshots::Snapshots;
use crate::fast_map::{FastHash, FastMap};
use crate::published::Published;
use crate::slot::Slot;
use crate::work::StoreError;
use customers::Customers;
use due::Due;

const SHARDS: usize = 64;

/// Makes a wallet whose record cannot be read from the ledger's rows; none if it has none.
pub(super) type Mend = dyn Fn(&WalletKey) -> Result<Option<Slot>, StoreError> + Send + Sync;

/// The wallets in memory.
pub(super) struct Wallets {
    hasher: FastHash,
    shards: Vec<RwLock<Shard>>,
    customers: Mutex<Customers>,
    due: Mutex<Due>,
    /// Wallets that take no orders.
    frozen: RwLock<HashSet<WalletKey>>,
    snapshots: Snapshots,
    mend: Box<Mend>,
    /// An estimate of what the wallets take.
    bytes: AtomicUsize,
    bytes_max: usize,
    /// Counts up whenever wallets were dropped: what was read before may be old.
    dropped: AtomicU64,
}

#[derive(Default)]
struct Shard {
    wallets: FastMap<WalletKey, Cached>,
}

struct Cached {
    slot: Arc<Slot>,
    /// Somebody asked for it since the last search for cold wallets.
    touched: AtomicBool,
    /// It changed and no round has picked it up yet.
    dirty: bool,
    /// The sequence that `snapshots.db` has.
    saved: u64,
    /// What the slot was estimated to take.
    bytes: usize,
}

impl Cached {
    /// Takes another state in, and counts what all wallets take; the state before.
    fn replace(&mut self, slot: Arc<Slot>, bytes: usize, of_all: &AtomicUsize) -> Arc<Slot> {
        // Added first: the sum must not fall below nothing.
        of_all.fetch_add(bytes, Ordering::Relaxed);
        of_all.fetch_sub(std::mem::replace(&mut self.bytes, bytes), Ordering::Relaxed);
        std::mem::replace(&mut self.slot, slot)
    }
}

impl Wallets {
    pub(super) fn new(directory: &Path, bytes_max: usize, mend: Box<Mend>) -> Self {
        Self {
            hasher: FastHash::default(),
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            customers: Mutex::default(),
            due: Mutex::default(),
            frozen: RwLock::default(),
            snapshots: Snapshots::in_directory(directory),
            mend,
            bytes: AtomicUsize::new(0),
            bytes_max,
            dropped: AtomicU64::new(0),
        }
    }

    /// A wallet that is in memory, even one without rows.
    pub(super) fn in_memory(&self, key: &WalletKey) -> Option<Arc<Slot>> {
        let shard = self.read_shard(key);
        let cached = shard.wallets.get(key)?;
        if !cached.touched.load(Ordering::Relaxed) {
            cached.touched.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&cached.slot))
    }

    /// A wallet that is in memory, for somebody whose question says nothing about whether it stays.
    pub(super) fn peek(&self, key: &WalletKey) -> Option<Arc<Slot>> {
        self.read_shard(key).wallets.get(key).map(|cached| Arc::clone(&cached.slot))
    }

    /// A wallet, from memory or its record. One that is nowhere has no rows; that is remembered
    /// too. Reads the disk.
    pub(super) fn load(&self, key: &WalletKey) -> Result<Arc<Slot>, StoreError> {
        loop {
            if let Some(slot) = self.in_memory(key) {
                return Ok(slot);
            }
            let dropped = self.dropped.load(Ordering::Acquire);
            let (slot, saved) = self.load_record(key)?;
            if let Some(slot) = self.admit(slot, saved, dropped) {
                return Ok(slot);
            }
        }
    }

    fn load_record(&self, key: &WalletKey) -> Result<(Slot, bool), StoreError> {
        match self.snapshots.read(key) {
            Ok(Some(slot)) => Ok((slot, true)),
            Ok(None) => Ok((Slot::new(key.clone()), true)),
            // Whatever keeps the record from being read, the rows are the truth.
            Err(error) => {
                tracing::warn!(%error, customer = %key.customer, "a wallet is made from its rows");
                let slot = (self.mend)(key)?;
                Ok((slot.unwrap_or_else(|| Slot::new(key.clone())), false))
            }
        }
    }

    /// Takes in what was read from the disk, unless memory knows better. None if wallets were
    /// dropped since: the wallet may have been among them, with a newer state.
    fn admit(&self, slot: Slot, saved: bool, dropped: u64) -> Option<Arc<Slot>> {
        let key = slot.wallet.key().clone();
        let next_due = slot.wallet.next_due().map(|due| due.at);
        let slot = Arc::new(slot);
        let mut shard = self.write_shard(&key);
        if let Some(cached) = shard.wallets.get(&key) {
            return Some(Arc::clone(&cached.slot));
        }
        if self.dropped.load(Ordering::Acquire) != dropped {
            return None;
        }
        let sequence = slot.wallet.sequence();
        let cached = Cached {
            slot: Arc::clone(&slot),
            touched: AtomicBool::new(true),
            dirty: false,
            saved: if saved { sequence } else { 0 },
            bytes: slot.bytes(),
        };
        self.bytes.fetch_add(cached.bytes, Ordering::Relaxed);
        shard.wallets.insert(key.clone(), cached);
        // With the shard still held, so that the lists change in the order of the states.
        self.change_due(&key, None, next_due);
        Some(slot)
    }

    /// Publishes a wallet that is durable; whether no round of snapshots knew of it yet.
    pub(super) fn publish(&self, slot: Arc<Slot>) -> bool {
        let key = slot.wallet.key().clone();
        let (had_rows, newly_dirty) = self.put(&key, slot);
        if !had_rows {
            self.lock_customers().add(&key);
        }
        newly_dirty
    }

    fn put(&self, key: &WalletKey, slot: Arc<Slot>) -> (bool, bool) {
        let next_due = slot.wallet.next_due().map(|due| due.at);
        let bytes = slot.bytes();
        let mut shard = self.write_shard(key);
        let Some(cached) = shard.wallets.get_mut(key) else {
            let touched = AtomicBool::new(true);
            shard
                .wallets
                .insert(key.clone(), Cached { slot, touched, dirty: true, saved: 0, bytes });
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            self.change_due(key, None, next_due);
            return (false, true);
        };
        if cached.slot.wallet.sequence() == slot.wallet.sequence() {
            // It was only looked at.
            return (true, false);
        }
        let before = cached.replace(slot, bytes, &self.bytes);
        let newly_dirty = !std::mem::replace(&mut cached.dirty, true);
        self.change_due(key, before.wallet.next_due().map(|due| due.at), next_due);
        (before.wallet.sequence() > 0, newly_dirty)
    }

    /// What somebody must know who wants to put a wallet back that is not in memory.
    pub(super) fn times_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Acquire)
    }

    /// A wallet is to be written, though it did not change. Where it is not in memory, and was not
    /// since wallets were dropped so many times, it is as it is given. Whether no round knew of it
    /// yet.
    pub(super) fn make_dirty(&self, key: &WalletKey, slot: Option<Slot>, dropped: u64) -> bool {
        if let Some(slot) = slot
            && self.admit(slot, false, dropped).is_some()
        {
            self.lock_customers().add(key);
        }
        let mut shard = self.write_shard(key);
        let cached = shard.wallets.get_mut(key);
        cached.is_some_and(|cached| !std::mem::replace(&mut cached.dirty, true))
    }

    /// A wallet that takes no orders is another one than it was held for.
    pub(super) fn replace(&self, slot: Slot) {
        let key = slot.wallet.key().clone();
        let slot = Arc::new(slot);
        if let Some(cached) = self.write_shard(&key).wallets.get_mut(&key) {
            let bytes = slot.bytes();
            cached.replace(slot, bytes, &self.bytes);
            (cached.dirty, cached.saved) = (true, 0);
            return;
        }
        self.publish(slot);
    }

    fn change_due(&self, key: &WalletKey, was: Option<Timestamp>, is: Option<Timestamp>) {
        if was != is && !self.is_frozen(key) {
            self.lock_due().lists.change(key, was, is);
        }
    }

    /// A wallet for a round of snapshots; what changes from now on is for the next one.
    pub(super) fn pick_up(&self, key: &WalletKey) -> Option<Arc<Slot>> {
        let mut shard = self.write_shard(key);
        let cached = shard.wallets.get_mut(key)?;
        cached.dirty = false;
        Some(Arc::clone(&cached.slot))
    }

    /// A round could not be written: the wallet is for the next one.
    pub(super) fn put_off(&self, key: &WalletKey) {
        if let Some(cached) = self.write_shard(key).wallets.get_mut(key) {
            cached.dirty = true;
        }
    }

    /// The record of a wallet has this sequence.
    pub(super) fn is_saved(&self, key: &WalletKey, sequence: u64) {
        if let Some(cached) = self.write_shard(key).wallets.get_mut(key) {
            cached.saved = sequence;
        }
    }

    /// The wallet takes no orders, and nothing is due in it.
    pub(super) fn freeze(&self, key: &WalletKey) {
        let shard = self.write_shard(key);
        if let Some(cached) = shard.wallets.get(key) {
            self.change_due(key, cached.slot.wallet.next_due().map(|due| due.at), None);
        }
        self.frozen.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
    }

    /// The wallet takes orders again.
    pub(super) fn thaw(&self, key: &WalletKey) {
        let shard = self.write_shard(key);
        self.frozen.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(cached) = shard.wallets.get(key) {
            self.change_due(key, None, cached.slot.wallet.next_due().map(|due| due.at));
        }
    }

    /// Whether the wallet takes no orders.
    pub(super) fn is_frozen(&self, key: &WalletKey) -> bool {
        let frozen = self.frozen.read().unwrap_or_else(PoisonError::into_inner);
        !frozen.is_empty() && frozen.contains(key)
    }

    /// How many wallets are frozen.
    pub(super) fn count_frozen(&self) -> usize {
        self.frozen.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// More is in memory than should be.
    pub(super) fn are_too_many(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.bytes_max
    }

    /// Drops wallets that nobody asked for since the last time, if there are too many, until there
    /// is room for a while. A wallet is dropped only if `snapshots.db` has its sequence. How many
    /// were dropped.
    pub(super) fn drop_cold(&self) -> u64 {
        if !self.are_too_many() {
            return 0;
        }
        let enough = self.bytes_max / 10 * 9;
        let mut dropped = 0;
        // The first pass leaves what was asked for lately, the second does not.
        for _ in 0..2 {
            for shard in &self.shards {
                if self.bytes.load(Ordering::Relaxed) > enough {
                    dropped += self.drop_cold_of(shard, enough);
                }
            }
        }
        dropped
    }

    fn drop_cold_of(&self, shard: &RwLock<Shard>, enough: usize) -> u64 {
        let (mut count, mut customers) = (0, HashSet::new());
        {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            // Loads that read before this and come after it must read again.
            self.dropped.fetch_add(1, Ordering::AcqRel);
            shard.wallets.retain(|key, cached| {
                let is_saved = !cached.dirty && cached.saved == cached.slot.wallet.sequence();
                // A lent one is in use: the writer or a reader works with it.
                let is_cold = is_saved
                    && Arc::strong_count(&cached.slot) == 1
                    && !std::mem::replace(cached.touched.get_mut(), false);
                if !is_cold || self.bytes.load(Ordering::Relaxed) <= enough {
                    return true;
                }
                self.bytes.fetch_sub(cached.bytes, Ordering::Relaxed);
                self.change_due(key, cached.slot.wallet.next_due().map(|due| due.at), None);
                customers.insert((key.environment, key.customer.clone()));
                count += 1;
                false
            });
            if count > 0 {
                self.lock_due().look_again();
            }
        }
        if count > 0 {
            let in_memory = |key: &WalletKey| self.read_shard(key).wallets.contains_key(key);
            self.lock_customers().forget(customers, in_memory);
        }
        count
    }

    /// How many wallets are in memory, and how many bytes they take by estimate.
    pub(super) fn count(&self) -> (u64, u64) {
        let wallets = self
            .shards
            .iter()
            .map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).wallets.len() as u64);
        (wallets.sum(), self.bytes.load(Ordering::Relaxed) as u64)
    }

    /// The records on the disk.
    pub(super) fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    fn index(&self, key: &WalletKey) -> usize {
        // A remainder below the number of shards always fits.
        usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0)
    }

    fn read_shard(&self, key: &WalletKey) -> RwLockReadGuard<'_, Shard> {
        self.shards[self.index(key)].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_shard(&self, key: &WalletKey) -> RwLockWriteGuard<'_, Shard> {
        self.shards[self.index(key)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Published for Wallets {
    fn slot(&self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        let slot = self.load(key)?;
        Ok((slot.wallet.sequence() > 0).then_some(slot))
    }

    fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, StoreError> {
        self.customer_wallets(environment, customer)
    }

    fn due(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<WalletKey>, StoreError> {
        self.due_wallets(environment, now, most)
    }
}
