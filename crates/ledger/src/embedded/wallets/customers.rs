//! Which wallets a customer has: from memory, or from the records.

use std::collections::{BTreeSet, HashMap};
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
    wallets: BTreeSet<WalletKey>,
    /// The records were asked too.
    complete: bool,
}

impl Customers {
    /// A wallet got its first row.
    pub(super) fn add(&mut self, key: &WalletKey) {
        let customer = (key.environment, key.customer.clone());
        self.known.entry(customer).or_default().wallets.insert(key.clone());
    }

    /// Forgets the customers of whom no wallet is in memory: the records have all of these.
    pub(super) fn forget(&mut self, is_in_memory: impl Fn(&WalletKey) -> bool) {
        self.forgotten += 1;
        self.known.retain(|_, known| known.wallets.iter().any(&is_in_memory));
    }
}

impl Wallets {
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
                    return Ok(known.wallets.iter().cloned().collect());
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
            known.wallets.extend(recorded);
            known.complete = true;
        }
    }

    pub(super) fn lock_customers(&self) -> MutexGuard<'_, Customers> {
        self.customers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
