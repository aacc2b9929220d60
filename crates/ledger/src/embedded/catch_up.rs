//! Starting: the wallets that changed behind the snapshots, and the names behind the slices, are
//! known again from the rows.
//!
//! The wallets of a stretch of rows are loaded in the order of their keys, never one by one in the
//! order of the rows, which is six times slower. With more wallets than fit, what is folded is
//! written to the snapshots on the way; so a rebuild of everything is the same work from row 1,
//! and one that is interrupted goes on where it was.

use std::collections::HashMap;

use rusqlite::Connection;
use scrip_core::Digest;

use super::findings::Finding;
use super::fold::fold;
use super::keys::{KeyStore, NotTaken, Recent};
use super::reach::Reach;
use super::snapshots;
use super::tables::{self, RawEntry};
use crate::slot::{Position, Slot, WalletNumber};

/// How many rows are read in one go.
const CHUNK: usize = 16_384;

/// What a start works with.
pub(super) struct CatchUp<'a> {
    pub ledger: &'a Connection,
    pub snapshots: &'a Connection,
    pub keys: &'a KeyStore,
    /// Bytes that the wallets may take before they are written and dropped.
    pub bytes_max: usize,
}

/// What is known again.
pub(super) struct CaughtUp {
    /// The wallets that changed behind the snapshots.
    pub slots: HashMap<WalletNumber, Slot>,
    pub recent: Recent,
    /// How far the snapshots are whole by now.
    pub saved: Reach,
}

/// A stretch of work.
struct Progress {
    slots: HashMap<WalletNumber, Slot>,
    bytes: usize,
    recent: Recent,
    saved: Reach,
    end: Reach,
}

impl CatchUp<'_> {
    /// Folds the rows behind the snapshots up to `until`, and takes in the names behind `recent`.
    /// `progress` is told how many of how many rows are done.
    pub(super) fn run(
        &self,
        saved: Reach,
        recent: Recent,
        until: Position,
        mut progress: impl FnMut(Position, Position),
    ) -> Result<CaughtUp, Finding> {
        let from = saved.position.min(recent.until());
        let (slots, end) = (HashMap::new(), Reach { position: from, hash: saved.hash });
        let mut work = Progress { slots, bytes: 0, recent, saved, end };
        while work.end.position < until {
            let at = work.end.position;
            let entries = tables::entries_after(self.ledger, at, until, CHUNK)?;
            if entries.is_empty() {
                return Err(Finding::row(at + 1, "the row is missing"));
            }
            self.load(&mut work, &entries)?;
            for entry in &entries {
                self.take(&mut work, entry)?;
            }
            if work.bytes > self.bytes_max {
                self.write(&mut work)?;
            }
            progress(work.end.position - from, until - from);
        }
        for slot in work.slots.values() {
            check(slot)?;
        }
        let Progress { slots, recent, saved, .. } = work;
        Ok(CaughtUp { slots, recent, saved })
    }

    /// Loads the wallets of some rows that are not loaded yet, in the order of their keys.
    fn load(&self, work: &mut Progress, entries: &[RawEntry]) -> Result<(), Finding> {
        let behind = entries.iter().filter(|entry| entry.position > work.saved.position);
        let mut numbers: Vec<_> = behind.map(|entry| entry.wallet).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| !work.slots.contains_key(number));
        let mut missing = Vec::with_capacity(numbers.len());
        for number in numbers {
            // A row of an unknown wallet is found where it is folded.
            if let Some(key) = tables::wallet(self.ledger, number)? {
                missing.push((snapshots::pack_key(&key), number, key));
            }
        }
        missing.sort_unstable();
        let has_records = work.saved.position > 0;
        for (packed, number, key) in missing {
            let record = if has_records { snapshots::read(self.snapshots, &packed)? } else { None };
            let mut slot = record.unwrap_or_else(|| Slot::new(key));
            if slot.number == 0 {
                slot.number = number;
            }
            work.bytes += slot.bytes();
            work.slots.insert(number, slot);
        }
        Ok(())
    }

    fn take(&self, work: &mut Progress, entry: &RawEntry) -> Result<(), Finding> {
        if entry.position != work.end.position + 1 {
            return Err(Finding::row(work.end.position + 1, "the row is missing"));
        }
        if entry.position > work.recent.until() {
            self.take_name(work, entry)?;
        }
        if entry.position > work.saved.position {
            work.fold(entry)?;
        }
        work.end = Reach { position: entry.position, hash: entry.hash() };
        Ok(())
    }

    fn take_name(&self, work: &mut Progress, entry: &RawEntry) -> Result<(), Finding> {
        let Some(name) = entry.name else {
            work.recent.advance(entry.position);
            return Ok(());
        };
        if work.recent.insert(name, entry.position) == Err(NotTaken::Full) {
            work.recent.advance(entry.position - 1);
            self.slice(work)?;
            let again = work.recent.insert(name, entry.position);
            again.map_err(|error| Finding::row(entry.position, error.to_string()))?;
        }
        Ok(())
    }

    /// Writes the full table of names, which ends before the row at hand.
    fn slice(&self, work: &mut Progress) -> Result<(), Finding> {
        let written = self.keys.write_slice(&work.recent, work.end.hash)?;
        self.keys.publish(written)?;
        work.recent = self.keys.new_recent(work.recent.until());
        Ok(())
    }

    /// Writes the wallets to the snapshots and drops them.
    fn write(&self, work: &mut Progress) -> Result<(), Finding> {
        for slot in work.slots.values() {
            check(slot)?;
        }
        snapshots::write_all(self.snapshots, work.slots.values(), &work.end)?;
        work.slots.clear();
        work.bytes = 0;
        work.saved = work.end;
        Ok(())
    }
}

impl Progress {
    fn fold(&mut self, entry: &RawEntry) -> Result<(), Finding> {
        let wrong = |what: String| Finding::row(entry.position, what);
        let slot = self.slots.get_mut(&entry.wallet).ok_or_else(|| {
            wrong(format!("wallet {} is not in the list of wallets", entry.wallet))
        })?;
        if entry.position <= slot.links.last {
            // The record was written after the list of changed wallets was taken.
            return Ok(());
        }
        let before = slot.bytes();
        fold(slot, entry, None)?;
        slot.wallet.take_departed();
        self.bytes = (self.bytes + slot.bytes()).saturating_sub(before);
        Ok(())
    }
}

/// Checks a wallet at rest: conservation, holds, lists.
pub(super) fn check(slot: &Slot) -> Result<(), Finding> {
    slot.wallet.check().map_err(|broken| {
        let key = slot.wallet.key();
        Finding::Other(format!(
            "wallet {} (customer {}, currency {}): {broken}",
            slot.number, key.customer, key.currency
        ))
    })
}

impl RawEntry {
    /// The hash that stands at the row's end.
    pub(super) fn hash(&self) -> Digest {
        let hash = self.row.last_chunk::<32>();
        Digest::from_bytes(hash.copied().unwrap_or_default())
    }
}
