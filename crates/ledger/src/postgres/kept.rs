//! Wallets as this node saw them last. None is believed: a transaction asks the database whether it
//! still lies where it lay, as it was, which is cheaper than reading it.

use std::sync::{Arc, Mutex, PoisonError};

use scrip_core::WalletKey;

use super::tables::places::Tid;
use crate::fast_map::FastMap;
use crate::packed_slot::CHECKSUM;
use crate::slot::Slot;

/// Wallets that are kept at most; half of them are those that were used last.
const KEPT_MOST: usize = 32_768;

/// A wallet, and where it lay.
#[derive(Clone)]
pub struct KeptWallet {
    pub slot: Arc<Slot>,
    pub tid: Tid,
    /// Of what was stored; with it, nothing else is taken for it.
    pub checksum: [u8; CHECKSUM],
}

/// The wallets.
#[derive(Default)]
pub struct Kept(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: FastMap<WalletKey, KeptWallet>,
    old: FastMap<WalletKey, KeptWallet>,
}

impl Kept {
    /// Those of some wallets that are kept, and the others.
    pub fn part<'k>(
        &self,
        keys: impl Iterator<Item = &'k WalletKey>,
    ) -> (Vec<(&'k WalletKey, KeptWallet)>, Vec<&'k WalletKey>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for key in keys {
            match kept.find(key) {
                Some(wallet) => found.push((key, wallet)),
                None => others.push(key),
            }
        }
        (found, others)
    }

    /// Keeps some as they were just stored.
    pub fn keep(&self, wallets: impl Iterator<Item = (WalletKey, KeptWallet)>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wallets.for_each(|(key, wallet)| kept.keep(key, wallet));
    }
}

impl Generations {
    fn find(&mut self, key: &WalletKey) -> Option<KeptWallet> {
        if let Some(wallet) = self.young.get(key) {
            return Some(wallet.clone());
        }
        let (key, wallet) = self.old.remove_entry(key)?;
        self.keep(key, wallet.clone());
        Some(wallet)
    }

    fn keep(&mut self, key: WalletKey, wallet: KeptWallet) {
        if self.young.len() >= KEPT_MOST / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, wallet);
    }
}

#[cfg(test)]
mod tests {
    use scrip_core::{CurrencyId, CustomerId, EnvironmentId};

    use super::*;

    fn key(number: usize) -> WalletKey {
        WalletKey {
            environment: EnvironmentId(7),
            customer: CustomerId::parse(&format!("customer{number}")).unwrap(),
            currency: CurrencyId::parse("gold").unwrap(),
            resource: None,
        }
    }

    #[test]
    fn what_is_used_stays() {
        let kept = Kept::default();
        let keep = |number: usize| {
            let slot = Arc::new(Slot::new(key(number)));
            let wallet = KeptWallet { slot, tid: Tid::default(), checksum: [0; CHECKSUM] };
            kept.keep(std::iter::once((key(number), wallet)));
        };
        for number in 0..3 * KEPT_MOST {
            keep(number);
            let keys = [key(0)];
            assert_eq!(kept.part(keys.iter()).0.len(), 1, "{number}");
        }
        let keys: Vec<WalletKey> = (0..3 * KEPT_MOST).map(key).collect();
        let there = kept.part(keys.iter()).0.len();
        assert!(there <= KEPT_MOST, "{there}");
    }
}
