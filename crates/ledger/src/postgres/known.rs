//! What a transaction read of the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use scrip_core::{EnvironmentId, GrantId, NameHash, WalletKey};

use super::shards::Shard;
use super::tables::numbers::Numbers;
use super::tables::places::Tid;
use super::tables::records::Place;
use super::tables::wallets::Found;
use super::tables::{answers, records};
use crate::history::Entry;
use crate::slot::{Position, Slot};
use crate::{GrantRecord, Record};

/// What was read of the database, as the orders so far left it.
pub struct Known {
    pub wallets: HashMap<WalletKey, Wallet>,
    pub names: HashMap<NameHash, Option<Position>>,
    pub entries: HashMap<Position, (i16, Entry)>,
    pub records: HashMap<Place, Option<Record>>,
    /// How customers stand of whom no more was asked.
    pub customers: records::Standings,
    /// Where wallets lie, and how many rows they had, when they were found.
    pub places: HashMap<WalletKey, (Tid, u64)>,
    pub grants: HashMap<(EnvironmentId, GrantId), Option<GrantRecord>>,
    pub claims: HashMap<[u8; 32], Option<answers::Claimed>>,
    pub positions: Numbers,
    pub events: Numbers,
    pub wallet_numbers: Numbers,
    pub record_ordinals: Numbers,
    pub grant_ordinals: Numbers,
    /// Wallets are locked when they are found.
    pub is_locked: bool,
    /// Shards of a distributed database on whose workers readers know of this transaction.
    pub entered: BTreeSet<Shard>,
}

impl Known {
    /// Nothing; whether wallets are locked when they are found.
    pub fn nothing(is_locked: bool) -> Self {
        Self {
            is_locked,
            entered: BTreeSet::new(),
            wallets: HashMap::new(),
            names: HashMap::new(),
            entries: HashMap::new(),
            records: HashMap::new(),
            customers: HashMap::new(),
            places: HashMap::new(),
            grants: HashMap::new(),
            claims: HashMap::new(),
            positions: Numbers::of_entries(),
            events: Numbers::of_events(),
            wallet_numbers: Numbers::of_wallets(),
            record_ordinals: Numbers::of_records(),
            grant_ordinals: Numbers::of_grants(),
        }
    }

    /// A wallet was found.
    pub fn found(&mut self, key: &WalletKey, found: Found) {
        let wallet = match found {
            Found::Frozen => Wallet::Frozen,
            Found::Slot(slot, tid) => {
                self.places.insert(key.clone(), (tid, slot.wallet.sequence()));
                Wallet::There(slot)
            }
        };
        self.wallets.insert(key.clone(), wallet);
    }
}

/// A wallet as it was found, or that is not there.
pub enum Wallet {
    /// It has no rows.
    Absent,
    /// It takes no orders.
    Frozen,
    /// As the orders so far left it.
    There(Arc<Slot>),
    /// An order works on it.
    Out,
}
