//! What readers see: durable states only, published commit by commit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use scrip_core::{Balance, CustomerId, EnvironmentId, ResourceId, Timestamp, WalletKey};

use crate::clock::Clocks;
use crate::history::Head;
use crate::slot::Slot;
use crate::work::StoreError;
use crate::{Claim, ClaimGuard, KeyHolder};

const SHARDS: usize = 64;

type Shard = RwLock<HashMap<WalletKey, Arc<Slot>>>;
type DueList = BTreeMap<EnvironmentId, BTreeSet<(Timestamp, WalletKey)>>;
type CustomerWallets = HashMap<(EnvironmentId, CustomerId), BTreeSet<WalletKey>>;

/// The published wallets, what is due in them, and who the keys speak for.
pub struct Views {
    hasher: RandomState,
    shards: Vec<Shard>,
    customers: RwLock<CustomerWallets>,
    due: Mutex<DueList>,
    key_holders: RwLock<HashMap<[u8; 32], KeyHolder>>,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            customers: RwLock::default(),
            due: Mutex::default(),
            key_holders: RwLock::default(),
        }
    }
}

impl Views {
    /// The wallet as the last commit left it.
    pub fn slot(&self, key: &WalletKey) -> Option<Arc<Slot>> {
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(key).cloned()
    }

    /// Publishes a wallet that is durable.
    pub fn publish(&self, slot: Slot) {
        let key = slot.wallet.key().clone();
        let is_due = slot.wallet.next_due().map(|due| due.at);
        let slot = Arc::new(slot);
        let before = {
            let mut shard = self.shard(&key).write().unwrap_or_else(PoisonError::into_inner);
            shard.insert(key.clone(), slot)
        };
        if before.is_none() {
            let mut customers = self.customers.write().unwrap_or_else(PoisonError::into_inner);
            let customer = (key.environment, key.customer.clone());
            customers.entry(customer).or_default().insert(key.clone());
        }
        let was_due = before.and_then(|slot| slot.wallet.next_due()).map(|due| due.at);
        if was_due != is_due {
            let mut lists = self.due_lists();
            let list = lists.entry(key.environment).or_default();
            if let Some(at) = was_due {
                list.remove(&(at, key.clone()));
            }
            if let Some(at) = is_due {
                list.insert((at, key));
            }
        }
    }

    /// All published wallets' keys of a customer, in order.
    pub fn wallets_of(&self, environment: EnvironmentId, customer: &CustomerId) -> Vec<WalletKey> {
        let customers = self.customers.read().unwrap_or_else(PoisonError::into_inner);
        let wallets = customers.get(&(environment, customer.clone()));
        wallets.map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// Some wallets of an environment that have something due at or before an instant.
    pub fn due(&self, environment: EnvironmentId, now: Timestamp, most: usize) -> Vec<WalletKey> {
        let lists = self.due_lists();
        let list = lists.get(&environment).into_iter().flatten();
        list.take_while(|(at, _)| *at <= now).take(most).map(|(_, key)| key.clone()).collect()
    }

    /// Environments in which time will bring something.
    pub fn environments_with_due(&self) -> Vec<EnvironmentId> {
        let lists = self.due_lists();
        lists.iter().filter(|(_, list)| !list.is_empty()).map(|(id, _)| *id).collect()
    }

    /// Of these wallets, those that have something due now.
    pub fn due_among(&self, keys: &[WalletKey], clocks: &Clocks) -> Vec<WalletKey> {
        let is_due = |key: &&WalletKey| {
            self.slot(key)
                .and_then(|slot| slot.wallet.next_due())
                .is_some_and(|due| due.at <= clocks.now(key.environment))
        };
        keys.iter().filter(is_due).cloned().collect()
    }

    /// A wallet's balance now, folded without writing.
    pub fn balance(&self, key: &WalletKey, clocks: &Clocks) -> Result<Option<Balance>, StoreError> {
        let Some(slot) = self.slot(key) else { return Ok(None) };
        let wrong = |error: String| StoreError::Corrupt(format!("wallet {}: {error}", slot.number));
        let later = slot
            .wallet
            .advanced(clocks.now(key.environment))
            .map_err(|error| wrong(error.to_string()))?;
        let wallet = later.as_ref().unwrap_or(&slot.wallet);
        wallet.balance().map(Some).map_err(|error| wrong(error.to_string()))
    }

    /// The balances of a customer's wallets of one scope, by currency.
    pub fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
        clocks: &Clocks,
    ) -> Result<Vec<(WalletKey, Balance)>, StoreError> {
        let mut balances = Vec::new();
        for key in self.wallets_of(environment, customer) {
            if key.resource.as_ref() == resource
                && let Some(balance) = self.balance(&key, clocks)?
            {
                balances.push((key, balance));
            }
        }
        Ok(balances)
    }

    /// Where the rows of these wallets end.
    pub fn heads(&self, keys: &[WalletKey]) -> Vec<Head> {
        let head = |key: &WalletKey| {
            let slot = self.slot(key)?;
            Some(Head {
                key: key.clone(),
                number: slot.number,
                sequence: slot.wallet.sequence(),
                last: slot.links.last,
                last_notable: slot.links.last_notable,
            })
        };
        keys.iter().filter_map(head).collect()
    }

    /// Who a key speaks for.
    pub fn key_holder(&self, key_hash: &[u8; 32]) -> Option<KeyHolder> {
        let holders = self.key_holders.read().unwrap_or_else(PoisonError::into_inner);
        holders.get(key_hash).cloned()
    }

    /// Publishes whom a key speaks for, or that it speaks for nobody any more.
    pub fn publish_key(&self, key_hash: [u8; 32], holder: Option<KeyHolder>) {
        let mut holders = self.key_holders.write().unwrap_or_else(PoisonError::into_inner);
        match holder {
            Some(holder) => holders.insert(key_hash, holder),
            None => holders.remove(&key_hash),
        };
    }

    fn shard(&self, key: &WalletKey) -> &Shard {
        // A remainder below the number of shards always fits.
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[index]
    }

    fn due_lists(&self) -> MutexGuard<'_, DueList> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
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
