//! What readers see of wallets: durable states only, as the last commit left them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use scrip_core::{CustomerId, EnvironmentId, Timestamp, WalletKey};

use crate::slot::Slot;
use crate::work::StoreError;
use crate::{Claim, ClaimGuard, KeyHolder};

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

/// Who the API keys speak for.
#[derive(Default)]
pub struct KeyHolders(RwLock<HashMap<[u8; 32], KeyHolder>>);

impl KeyHolders {
    /// Who a key speaks for.
    pub fn find(&self, key_hash: &[u8; 32]) -> Option<KeyHolder> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key_hash).cloned()
    }

    /// Publishes whom a key speaks for, or that it speaks for nobody any more.
    pub fn publish(&self, key_hash: [u8; 32], holder: Option<KeyHolder>) {
        let mut holders = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match holder {
            Some(holder) => holders.insert(key_hash, holder),
            None => holders.remove(&key_hash),
        };
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
