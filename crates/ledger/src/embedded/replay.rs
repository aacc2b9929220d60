//! Folding the whole ledger again: at start, to know the wallets and names, and in `verify`, to
//! find the first row that is wrong.

use std::collections::HashMap;

use rusqlite::Connection;
use scrip_core::{Event, Grant, NameHash, NameKind, Row};

use super::tables::{self, RawEntry};
use crate::slot::{Position, Slot, WalletNumber, state_is_due};
use crate::work::StoreError;

/// How many rows are read in one go, so that no read transaction lasts.
const CHUNK: usize = 8_192;

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A row is wrong, or missing.
    #[error("entries {position}: {what}")]
    Row {
        /// Its position.
        position: Position,
        /// What is wrong.
        what: String,
    },
    /// Something else is wrong.
    #[error("{0}")]
    Other(String),
}

/// The ledger, as far as it has been folded.
#[derive(Default)]
pub(super) struct Replay {
    pub slots: HashMap<WalletNumber, Slot>,
    pub names: HashMap<NameHash, Position>,
    pub last: Position,
    /// Grants that left their wallets; only `verify` asks.
    pub departed: Option<Vec<(WalletNumber, Grant)>>,
    /// A wallet whose state was due when its command had not ended yet, with the sequence at which
    /// that command began.
    pending_states: HashMap<WalletNumber, u64>,
    check_states: bool,
}

impl Replay {
    /// For a start.
    pub(super) fn to_serve(connection: &Connection) -> Result<Self, StoreError> {
        let mut replay = Self::default();
        replay.meet_wallets(connection)?;
        Ok(replay)
    }

    /// For `verify`: also keeps what the grants' records must say, and checks states.
    pub(super) fn to_verify(connection: &Connection) -> Result<Self, StoreError> {
        let mut replay = Self { departed: Some(Vec::new()), check_states: true, ..Self::default() };
        replay.meet_wallets(connection)?;
        Ok(replay)
    }

    fn meet_wallets(&mut self, connection: &Connection) -> Result<(), StoreError> {
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
            let entries = tables::entries_after(connection, self.last, until, CHUNK)
                .map_err(|error| Finding::Other(error.to_string()))?;
            if entries.is_empty() {
                let position = self.last + 1;
                return Err(Finding::Row { position, what: "the row is missing".to_owned() });
            }
            for entry in entries {
                self.feed(connection, &entry)
                    .map_err(|what| Finding::Row { position: entry.position, what })?;
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

    fn feed(&mut self, connection: &Connection, entry: &RawEntry) -> Result<(), String> {
        if entry.position != self.last + 1 {
            return Err(format!("the row before it, {}, is missing", self.last + 1));
        }
        let slot = self
            .slots
            .get_mut(&entry.wallet)
            .ok_or_else(|| format!("wallet {} is not in the list of wallets", entry.wallet))?;
        let (row, hash) = Row::unpack_linked(&entry.row, slot.wallet.hash())
            .map_err(|error| error.to_string())?;
        if row.sequence != entry.sequence {
            let (stated, actual) = (entry.sequence, row.sequence);
            return Err(format!("the table says sequence {stated}, the row {actual}"));
        }
        let before = slot.wallet.sequence();
        slot.wallet.apply(&row, hash).map_err(|error| error.to_string())?;
        let links = slot.links.append(before, entry.position, row.event.is_notable());
        if links != entry.links {
            return Err("its links to earlier rows are wrong".to_owned());
        }
        let departed = slot.wallet.take_departed();
        if let Some(all) = &mut self.departed {
            all.extend(departed.into_iter().map(|grant| (entry.wallet, grant)));
        }
        if let Some(name) = name_of(slot, &row) {
            self.names.insert(name, entry.position);
        }
        self.last = entry.position;
        if self.check_states {
            self.check_state(connection, entry.wallet, before)?;
        }
        Ok(())
    }

    /// A state is kept after the command whose rows crossed a multiple; how many rows that
    /// command had is not known, so the state is looked for from the multiple on.
    fn check_state(
        &mut self,
        connection: &Connection,
        number: WalletNumber,
        before: u64,
    ) -> Result<(), String> {
        let Some(slot) = self.slots.get(&number) else { return Ok(()) };
        let sequence = slot.wallet.sequence();
        if state_is_due(before, sequence) {
            self.pending_states.insert(number, sequence);
        }
        if !self.pending_states.contains_key(&number) {
            return Ok(());
        }
        let state = tables::state(connection, number, sequence).map_err(|e| e.to_string())?;
        let Some(state) = state else { return Ok(()) };
        self.pending_states.remove(&number);
        let expected = postcard::to_stdvec(&slot.wallet).map_err(|error| error.to_string())?;
        if state == expected {
            Ok(())
        } else {
            Err(format!("the state kept after sequence {sequence} is not what the rows add up to"))
        }
    }

    /// States that should have been kept and were not.
    pub(super) fn missing_states(&self) -> Option<Finding> {
        let (number, sequence) = self.pending_states.iter().next()?;
        Some(Finding::Other(format!(
            "states: wallet {number} has no state at or after sequence {sequence}"
        )))
    }
}

/// The name under which a row is found again.
fn name_of(slot: &Slot, row: &Row) -> Option<NameHash> {
    match &row.event {
        Event::Consumed { .. } => {
            let key = row.mark.as_ref()?.key.as_ref()?;
            Some(NameHash::within(&slot.genesis, NameKind::Consumption, key.as_str()))
        }
        Event::Reserved { reservation, .. } => {
            let name = reservation.as_str();
            Some(NameHash::within(&slot.genesis, NameKind::Reservation, name))
        }
        _ => None,
    }
}
