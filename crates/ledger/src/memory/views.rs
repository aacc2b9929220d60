//! The published wallets of the memory ledger: all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scrip_core::{CustomerId, EnvironmentId, Timestamp, WalletKey};

use crate::published::{DueLists, KeyHolders, Published};
use crate::slot::{Slot, WalletNumber};
use crate::work::StoreError;

#[derive(Default)]
pub struct Views {
    wallets: Mutex<Wallets>,
    pub key_holders: KeyHolders,
}

#[derive(Default)]
struct Wallets {
    slots: BTreeMap<WalletKey, Arc<Slot>>,
    due: DueLists,
}

impl Views {
    pub fn publish(&self, slot: Arc<Slot>) {
        let key = slot.wallet.key().clone();
        let is_due = slot.wallet.next_due().map(|due| due.at);
        let mut wallets = self.lock();
        let before = wallets.slots.insert(key.clone(), slot);
        let was_due = before.and_then(|slot| slot.wallet.next_due()).map(|due| due.at);
        wallets.due.change(&key, was_due, is_due);
    }

    pub fn key_of(&self, number: WalletNumber) -> Option<WalletKey> {
        let wallets = self.lock();
        let found = wallets.slots.iter().find(|(_, slot)| slot.number == number);
        found.map(|(key, _)| key.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Wallets> {
        self.wallets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Published for Views {
    fn slot(&self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        Ok(self.lock().slots.get(key).cloned())
    }

    fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, StoreError> {
        let wallets = self.lock();
        let keys = wallets.slots.keys();
        let is_asked =
            |key: &&WalletKey| key.environment == environment && key.customer == *customer;
        Ok(keys.filter(is_asked).cloned().collect())
    }

    fn due(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<WalletKey>, StoreError> {
        Ok(self.lock().due.until(environment, now, most))
    }
}
