//! Transactions of one node that concern the same wallets go one after the other, first come, first
//! served: then they need not meet in the database. Other nodes are met there.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use scrip_core::WalletKey;

use crate::fast_map::FastHash;

/// The gate.
#[derive(Default)]
pub struct Gate {
    hasher: FastHash,
    inside: Mutex<Inside>,
    left: Condvar,
}

/// Who goes through or waits, in the order in which they came.
#[derive(Default)]
struct Inside {
    next: u64,
    tickets: Vec<(u64, Arc<HashSet<u64>>)>,
}

/// Somebody is through, until this is dropped.
pub struct Pass<'g> {
    gate: &'g Gate,
    ticket: u64,
}

impl Gate {
    /// Waits until nobody who came before is concerned with any of these wallets. Two wallets whose
    /// hashes are the same only wait for each other. None if it takes too long.
    pub fn pass<'k>(
        &self,
        wallets: impl Iterator<Item = &'k WalletKey>,
        patience: Duration,
    ) -> Option<Pass<'_>> {
        let mine: Arc<HashSet<u64>> =
            Arc::new(wallets.map(|key| self.hasher.hash_one(key)).collect());
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = inside.next;
        inside.next += 1;
        inside.tickets.push((ticket, Arc::clone(&mine)));
        let must_wait = |inside: &Inside| {
            let before = inside.tickets.iter().take_while(|(other, _)| *other < ticket);
            before.into_iter().any(|(_, theirs)| !theirs.is_disjoint(&mine))
        };
        let waited = self.left.wait_timeout_while(inside, patience, |inside| must_wait(inside));
        let (inside, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(inside);
        let pass = Pass { gate: self, ticket };
        (!waited.timed_out()).then_some(pass)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut inside = self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.tickets.retain(|(ticket, _)| *ticket != self.ticket);
        drop(inside);
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use scrip_core::{CurrencyId, CustomerId, EnvironmentId};

    use super::*;

    const PATIENT: Duration = Duration::from_secs(10);
    const BRIEF: Duration = Duration::from_millis(20);

    fn wallets(customers: &[&str]) -> Vec<WalletKey> {
        let key = |customer: &&str| WalletKey {
            environment: EnvironmentId(7),
            customer: CustomerId::parse(customer).unwrap(),
            currency: CurrencyId::parse("gold").unwrap(),
            resource: None,
        };
        customers.iter().map(key).collect()
    }

    #[test]
    fn only_those_who_have_a_wallet_in_common_wait() {
        let gate = Gate::default();
        let first = gate.pass(wallets(&["ann", "bob"]).iter(), BRIEF).unwrap();
        assert!(gate.pass(wallets(&["bob", "cid"]).iter(), BRIEF).is_none());
        let other = gate.pass(wallets(&["cid"]).iter(), BRIEF);
        assert!(other.is_some(), "who gave up holds up nobody");
        drop((first, other));
        assert!(gate.pass(wallets(&["ann", "bob", "cid"]).iter(), BRIEF).is_some());
    }

    #[test]
    fn who_comes_first_goes_first() {
        let gate = Gate::default();
        let (told, tells) = mpsc::channel();
        let first = gate.pass(wallets(&["ann"]).iter(), BRIEF).unwrap();
        std::thread::scope(|scope| {
            for name in ["second", "third"] {
                let (gate, told) = (&gate, told.clone());
                scope.spawn(move || {
                    let pass = gate.pass(wallets(&["ann", name]).iter(), PATIENT);
                    told.send(name).unwrap();
                    drop(pass);
                });
                std::thread::sleep(BRIEF);
            }
            assert!(tells.try_recv().is_err());
            drop(first);
        });
        assert_eq!(tells.try_iter().collect::<Vec<_>>(), ["second", "third"]);
    }
}
