//! Starting: the wallets that changed behind the snapshots, and the names behind the slices, are
//! known again from the rows.
//!
//! The wallets of a stretch of rows are loaded in the order of their keys, never one by one in the
//! order of the rows, which is six times slower. With more wallets than fit, what is folded is
//! written to the snapshots on the way; so a rebuild of everything is the same work from row 1,
//! and one that is interrupted goes on where it was.

use std::collections::HashMap;

use rusqlite::Connection;

use super::keys::{KeyStore, NotTaken, Recent};
use super::reach::Reach;
use super::snapshots;
use super::tables;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{Finding, RawEntry, check, fold};

/// How many rows are read in one go.
const CHUNK: usize = 16_384;
/// Threads that fold; more would wait for the one that reads.
const THREADS_MAX: usize = 8;

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
    pub slots: Vec<Slot>,
    pub recent: Recent,
    /// How far the snapshots are whole by now.
    pub saved: Reach,
}

/// A stretch of work.
struct Progress {
    shares: Vec<Share>,
    recent: Recent,
    saved: Reach,
    end: Reach,
}

/// The wallets that one thread folds: those whose number has this remainder.
#[derive(Default)]
struct Share {
    slots: HashMap<WalletNumber, Slot>,
    bytes: usize,
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
        let end = Reach { position: from, hash: saved.hash };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let shares = std::iter::repeat_with(Share::default).take(threads).collect();
        let mut work = Progress { shares, recent, saved, end };
        let mut entries = tables::entries_after(self.ledger, from, until, CHUNK)?;
        while work.end.position < until {
            self.load(&mut work, &entries)?;
            entries = self.take(&mut work, &entries, until)?;
            if work.bytes() > self.bytes_max {
                self.write(&mut work)?;
            }
            progress(work.end.position - from, until - from);
        }
        for slot in work.slots() {
            check(slot)?;
        }
        let Progress { shares, recent, saved, .. } = work;
        let slots = shares.into_iter().flat_map(|share| share.slots.into_values()).collect();
        Ok(CaughtUp { slots, recent, saved })
    }

    /// Loads the wallets of some rows that are not loaded yet, in the order of their keys.
    fn load(&self, work: &mut Progress, entries: &[RawEntry]) -> Result<(), Finding> {
        let behind = entries.iter().filter(|entry| entry.position > work.saved.position);
        let mut numbers: Vec<_> = behind.map(|entry| entry.wallet).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| !work.share(*number).slots.contains_key(number));
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
            let share = work.share(number);
            share.bytes += slot.bytes();
            share.slots.insert(number, slot);
        }
        Ok(())
    }

    /// Takes in some rows whose wallets are loaded: the threads fold, while names are taken in and
    /// the next rows are read. Answers the next rows.
    fn take(
        &self,
        work: &mut Progress,
        entries: &[RawEntry],
        until: Position,
    ) -> Result<Vec<RawEntry>, Finding> {
        let expected = work.end.position + 1;
        let gap = (expected..).zip(entries).find(|(position, entry)| *position != entry.position);
        let missing = if entries.is_empty() { Some(expected) } else { gap.map(|(at, _)| at) };
        // Rows before a gap are looked at first: the first thing that is wrong is told.
        let whole = missing.and_then(|at| usize::try_from(at - expected).ok());
        let entries = &entries[..whole.unwrap_or(entries.len())];
        let last = entries.last().map_or(work.end.position, |entry| entry.position);
        let (saved, threads) = (work.saved.position, work.shares.len() as u64);
        let Progress { shares, recent, end, .. } = work;
        let (folded, next) = std::thread::scope(|scope| {
            let folding: Vec<_> = (0..)
                .zip(shares.iter_mut())
                .map(|(own, share)| {
                    let is_own = move |entry: &&RawEntry| {
                        entry.wallet % threads == own && entry.position > saved
                    };
                    scope.spawn(move || {
                        entries.iter().filter(is_own).try_for_each(|e| share.fold(e))
                    })
                })
                .collect();
            let next = self
                .take_names(recent, end, entries)
                .and_then(|()| Ok(tables::entries_after(self.ledger, last, until, CHUNK)?));
            let folded: Vec<_> = folding.into_iter().map(|thread| thread.join()).collect();
            (folded, next)
        });
        let panicked = || Finding::Other("a thread that folds rows panicked".to_owned());
        let mut findings = Vec::new();
        for result in folded {
            findings.extend(result.map_err(|_| panicked())?.err());
        }
        if let Some(first) = findings.into_iter().min() {
            return Err(first);
        }
        match missing {
            Some(at) => Err(Finding::row(at, "the row is missing")),
            None => next,
        }
    }

    fn take_names(
        &self,
        recent: &mut Recent,
        end: &mut Reach,
        entries: &[RawEntry],
    ) -> Result<(), Finding> {
        for entry in entries {
            if entry.position > recent.until() {
                self.take_name(recent, end, entry)?;
            }
            *end = Reach { position: entry.position, hash: entry.hash() };
        }
        Ok(())
    }

    fn take_name(&self, recent: &mut Recent, end: &Reach, entry: &RawEntry) -> Result<(), Finding> {
        let Some(name) = entry.name else {
            recent.advance(entry.position);
            return Ok(());
        };
        if recent.insert(name, entry.position) == Err(NotTaken::Full) {
            // The full table ends before the row at hand.
            recent.advance(end.position);
            let written = self.keys.write_slice(recent, end.hash)?;
            self.keys.publish(written)?;
            *recent = self.keys.new_recent(end.position);
            let again = recent.insert(name, entry.position);
            again.map_err(|error| Finding::row(entry.position, error.to_string()))?;
        }
        Ok(())
    }

    /// Writes the wallets to the snapshots and drops them.
    fn write(&self, work: &mut Progress) -> Result<(), Finding> {
        for slot in work.slots() {
            check(slot)?;
        }
        snapshots::write_all(self.snapshots, work.slots(), &work.end)?;
        work.shares.iter_mut().for_each(|share| *share = Share::default());
        work.saved = work.end;
        Ok(())
    }
}

impl Progress {
    fn share(&mut self, wallet: WalletNumber) -> &mut Share {
        // A remainder below the number of shares always fits.
        let index = usize::try_from(wallet % self.shares.len() as u64).unwrap_or(0);
        &mut self.shares[index]
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.shares.iter().flat_map(|share| share.slots.values())
    }

    fn bytes(&self) -> usize {
        self.shares.iter().map(|share| share.bytes).sum()
    }
}

impl Share {
    fn fold(&mut self, entry: &RawEntry) -> Result<(), Finding> {
        let slot = self.slots.get_mut(&entry.wallet).ok_or_else(|| {
            let what = format!("wallet {} is not in the list of wallets", entry.wallet);
            Finding::row(entry.position, what)
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
