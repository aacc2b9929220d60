//! What readers see of wallets: durable states only, as the last commit left them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use scrip_core::{CustomerId, EnvironmentId, Timestamp, WalletKey};

use crate::slot::Slot;
use crate::work::StoreError;
use crate::{Claim, ClaimGuard, KeyHolder, KeyRefusal, Record, RecordKind};

/// The wallets as the last commit left them.
pub trait Published {
    /// A wallet that has rows.
    fn slot(&self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError>;

    /// The keys of a customer's wallets, in order.
    fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, StoreError>;

    /// Some wallets of an environment that have something due at or before an instant.
    fn due(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<WalletKey>, StoreError>;
}

/// Wallets in the order of what time brings them, by environment.
#[derive(Default)]
pub struct DueLists(BTreeMap<EnvironmentId, BTreeSet<(Timestamp, WalletKey)>>);

impl DueLists {
    /// A wallet's earliest instant changed.
    pub fn change(&mut self, key: &WalletKey, was: Option<Timestamp>, is: Option<Timestamp>) {
        if was == is {
            return;
        }
        let list = self.0.entry(key.environment).or_default();
        if let Some(at) = was {
            list.remove(&(at, key.clone()));
        }
        if let Some(at) = is {
            list.insert((at, key.clone()));
        }
        if list.is_empty() {
            self.0.remove(&key.environment);
        }
    }

    /// The earliest wallets of an environment at or before an instant.
    pub fn until(&self, environment: EnvironmentId, now: Timestamp, most: usize) -> Vec<WalletKey> {
        let list = self.0.get(&environment).into_iter().flatten();
        list.take_while(|(at, _)| *at <= now).take(most).map(|(_, key)| key.clone()).collect()
    }

    /// Environments in which time will bring something.
    pub fn environments(&self) -> Vec<EnvironmentId> {
        self.0.keys().copied().collect()
    }
}

/// Who the secrets of the API keys speak for, by their SHA-256.
#[derive(Default)]
pub struct KeyHolders(RwLock<HashMap<[u8; 32], Arc<KeyHolder>>>);

impl KeyHolders {
    /// Who a secret speaks for at an instant, which is asked for only where something ends.
    pub fn find(
        &self,
        hash: &[u8; 32],
        now: impl Fn() -> Timestamp,
    ) -> Result<Arc<KeyHolder>, KeyRefusal> {
        let holders = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let holder = Arc::clone(holders.get(hash).ok_or(KeyRefusal::Unknown)?);
        drop(holders);
        holder.check(now).map(|()| holder)
    }

    /// Publishes whom the secrets of a key's record speak for. Whoever looks at what others wrote may
    /// see an older state after a newer one: what was revoked does not come back by that.
    pub fn publish(&self, record: &Record) {
        if record.kind != RecordKind::ApiKey {
            return;
        }
        let mut news = KeyHolder::all_of(record);
        let mut holders = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_known = |(hash, new): &([u8; 32], KeyHolder)| {
            holders.get(hash).is_some_and(|known| **known == *new)
        };
        if !news.is_empty() && news.iter().all(is_known) {
            return;
        }
        let mut of_record = holders.values().filter(|holder| *holder.record_id == *record.id);
        if let Some(known) = of_record.next() {
            if known.updated_at > record.updated_at {
                return;
            }
            for (_, new) in &mut news {
                new.last_use = Arc::clone(&known.last_use);
            }
        }
        holders.retain(|_, holder| *holder.record_id != *record.id);
        holders.extend(news.into_iter().map(|(hash, new)| (hash, Arc::new(new))));
    }
}

/// The claims whose requests are running in this process.
#[derive(Clone, Default)]
pub struct RunningClaims(Arc<Mutex<HashSet<[u8; 32]>>>);

impl RunningClaims {
    /// Starts a claim, unless its scope is running already.
    pub fn start(&self, claim: Claim) -> Option<ClaimGuard> {
        let running = &self.0;
        if !running.lock().unwrap_or_else(PoisonError::into_inner).insert(claim.scope) {
            return None;
        }
        let running = Arc::clone(running);
        let release = move || {
            running.lock().unwrap_or_else(PoisonError::into_inner).remove(&claim.scope);
        };
        Some(ClaimGuard { release: Some(Box::new(release)) })
    }
}
