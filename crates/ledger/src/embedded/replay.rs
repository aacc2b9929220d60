//! Folding the whole ledger again: at start, to know the wallets and names, and in `verify`, to
//! find the first row that is wrong.

use std::collections::HashMap;

use rusqlite::Connection;
use scrip_core::NameHash;

use super::audit::Audit;
use super::findings::Finding;
use super::fold::fold;
use super::tables::{self, RawEntry};
use crate::slot::{Position, Slot, WalletNumber};
use crate::work::StoreError;

/// How many rows are read in one go, so that no read transaction lasts.
const CHUNK: usize = 8_192;

/// The ledger, as far as it has been folded.
#[derive(Default)]
pub(super) struct Replay {
    pub slots: HashMap<WalletNumber, Slot>,
    pub names: HashMap<NameHash, Position>,
    pub last: Position,
    /// What else the rows say; only `verify` asks.
    pub audit: Option<Audit>,
}

impl Replay {
    /// For `verify`: also collects what the rows say of everything beside them.
    pub(super) fn to_verify() -> Self {
        Self { audit: Some(Audit::default()), ..Self::default() }
    }

    /// Learns of wallets that are not known yet.
    pub(super) fn meet_wallets(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (number, key) in tables::wallets(connection)? {
            self.slots.entry(number).or_insert_with(|| {
                let mut slot = Slot::new(key);
                slot.number = number;
                slot
            });
        }
        Ok(())
    }

    /// Folds all rows up to `until`, telling after each chunk how far it is.
    pub(super) fn run(
        &mut self,
        connection: &Connection,
        until: Position,
        mut progress: impl FnMut(Position, Position),
    ) -> Result<(), Finding> {
        while self.last < until {
            let entries = tables::entries_after(connection, self.last, until, CHUNK)?;
            if entries.is_empty() {
                return Err(Finding::row(self.last + 1, "the row is missing"));
            }
            for entry in entries {
                self.feed(connection, &entry)?;
            }
            progress(self.last, until);
        }
        Ok(())
    }

    /// Checks every wallet at rest (conservation, holds, lists).
    pub(super) fn check_wallets(&self) -> Result<(), Finding> {
        for slot in self.slots.values() {
            slot.wallet.check().map_err(|broken| {
                let key = slot.wallet.key();
                Finding::Other(format!(
                    "wallet {} (customer {}, currency {}): {broken}",
                    slot.number, key.customer, key.currency
                ))
            })?;
        }
        Ok(())
    }

    fn feed(&mut self, connection: &Connection, entry: &RawEntry) -> Result<(), Finding> {
        let wrong = |what: String| Finding::row(entry.position, what);
        if entry.position != self.last + 1 {
            return Err(Finding::row(self.last + 1, "the row is missing"));
        }
        let slot = self.slots.get_mut(&entry.wallet).ok_or_else(|| {
            wrong(format!("wallet {} is not in the list of wallets", entry.wallet))
        })?;
        let reserved = entry.name.and_then(|name| self.names.get(&name)).copied().unwrap_or(0);
        let row = fold(slot, entry, Some(reserved))?;
        self.names.extend(entry.name.map(|name| (name, entry.position)));
        let departed = slot.wallet.take_departed();
        if let Some(audit) = &mut self.audit {
            audit.follow(connection, entry.position, slot, &row, departed)?;
        }
        self.last = entry.position;
        Ok(())
    }
}
