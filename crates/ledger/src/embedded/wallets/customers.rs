//! Which wallets a customer has: from memory, or from the records.

use std::collections::{HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use scrip_core::{CustomerId, EnvironmentId, WalletKey};

use super::Wallets;
use crate::work::StoreError;

/// The customers whose wallets somebody asked for, or who got a new one.
#[derive(Default)]
pub(super) struct Customers {
    known: HashMap<(EnvironmentId, CustomerId), Known>,
    /// Counts up whenever customers were forgotten: what was read before may be old.
    forgotten: u64,
}

#[derive(Default)]
struct Known {
    /// In order.
    wallets: Vec<WalletKey>,
    /// The records were asked too.
    complete: bool,
}

impl Customers {
    /// A wallet got its first row.
    pub(super) fn add(&mut self, key: &WalletKey) {
        let customer = (key.environment, key.customer.clone());
        self.known.entry(customer).or_default().add(key.clone());
    }

    /// Forgets those of some customers of whom no wallet is in memory: the records have all of these.
    pub(super) fn forget(
        &mut self,
        customers: HashSet<(EnvironmentId, CustomerId)>,
        is_in_memory: impl Fn(&WalletKey) -> bool,
    ) {
        self.forgotten += 1;
        for customer in customers {
            let known = self.known.get(&customer);
            if known.is_some_and(|known| !known.wallets.iter().any(&is_in_memory)) {
                self.known.remove(&customer);
            }
        }
    }
}

impl Known {
    fn add(&mut self, key: WalletKey) {
        if let Err(place) = self.wallets.binary_search(&key) {
            // Most customers have one wallet.
            if self.wallets.is_empty() {
                self.wallets.reserve_exact(1);
            }
            self.wallets.insert(place, key);
        }
    }
}

impl Wallets {
    /// The wallets of a customer, if all of them are known.
    pub(in crate::embedded) fn known_of_customer(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Option<Vec<WalletKey>> {
        let customers = self.lock_customers();
        let known = customers.known.get(&(environment, customer.clone()))?;
        known.complete.then(|| known.wallets.clone())
    }

    /// The wallets of a customer, if all of them are known and in memory.
    pub(in crate::embedded) fn of_customer_in_memory(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Option<Vec<WalletKey>> {
        let keys = self.known_of_customer(environment, customer)?;
        keys.iter().all(|key| self.in_memory(key).is_some()).then_some(keys)
    }

    pub(super) fn customer_wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, StoreError> {
        let name = (environment, customer.clone());
        loop {
            let forgotten = {
                let customers = self.lock_customers();
                if let Some(known) = customers.known.get(&name).filter(|known| known.complete) {
                    return Ok(known.wallets.clone());
                }
                customers.forgotten
            };
            let recorded = self.snapshots.wallets_of(environment, customer)?;
            let mut customers = self.lock_customers();
            // A wallet that was new before may be in the records only by now.
            if customers.forgotten != forgotten {
                continue;
            }
            // Whoever has none is not kept: there are endless names of nobody.
            if recorded.is_empty() && !customers.known.contains_key(&name) {
                return Ok(Vec::new());
            }
            let known = customers.known.entry(name.clone()).or_default();
            recorded.into_iter().for_each(|key| known.add(key));
            known.complete = true;
        }
    }

    pub(super) fn lock_customers(&self) -> MutexGuard<'_, Customers> {
        self.customers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
