//! Folding one wallet again, some rows at a time.
//!
//! Rows have no index by wallet. The last row of a part is found from the wallet's head by the skip
//! positions, a logarithm of reads away, and the others by the positions of their previous rows.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use scrip_core::WalletKey;

use super::super::snapshots::{self, Line};
use super::super::tables;
use super::super::{Embedded, Shared};
use crate::LedgerError;
use crate::reading::store_error;
use crate::slot::{Position, Slot, WalletNumber, is_linked, skipped};
use crate::verifying::{Finding, RawEntry, Stop, check, check_related, fold};
use crate::work::StoreError;

/// How many rows a part has.
const PART: u64 = 1_024;
/// How often a wallet's record is read again because wallets were dropped meanwhile.
const TRIES_MAX: usize = 100;
/// What is durable is published an instant later. On a busy machine an instant can be long.
const PUBLISHED_WITHIN: Duration = Duration::from_millis(50);
const WAITS_MAX: usize = 20;

/// A wallet that is being scrubbed.
pub(super) struct Scrub {
    pub number: WalletNumber,
    pub key: WalletKey,
    /// As it is in use, or as its record says where nobody uses it.
    head: Arc<Slot>,
    pub is_in_memory: bool,
    /// As its rows give it so far.
    slot: Slot,
    record: Recorded,
    /// How many times wallets had been dropped before it was looked at.
    pub dropped: u64,
    /// Its record is not what its rows give at the record's sequence.
    is_record_wrong: bool,
}

/// A wallet's record, before the head was taken.
struct Recorded {
    line: Option<Line>,
    /// None without a record, or where it cannot be read.
    sequence: Option<u64>,
    /// Up to here every row is in some record.
    whole: Position,
}

impl Scrub {
    /// Takes the head of a wallet, which has a row as far as `end`. None: the consequences of what
    /// was found were drawn already.
    pub(super) fn begin(
        ledger: &Embedded,
        number: WalletNumber,
        key: WalletKey,
        end: Position,
    ) -> Result<Option<Self>, LedgerError> {
        let shared = &ledger.shared;
        let (mut tries, mut waits) = (0, 0);
        let (dropped, record, recorded, used) = loop {
            let dropped = shared.wallets.times_dropped();
            // Before the head, so that it is not ahead of it.
            let (record, recorded) = read_record(shared, &key).map_err(store_error)?;
            let used = shared.wallets.peek(&key);
            // One that was dropped in between has a newer record than the one that was read.
            if used.is_some() || shared.wallets.times_dropped() == dropped {
                let head = used.as_deref().or(recorded.as_ref());
                if waits == WAITS_MAX || head.is_some_and(|head| head.links.last >= end) {
                    break (dropped, record, recorded, used);
                }
                // Maybe its batch is being published, of which it may be in nobody's memory.
                waits += 1;
                std::thread::sleep(PUBLISHED_WITHIN);
                continue;
            }
            tries += 1;
            if tries == TRIES_MAX {
                tracing::debug!(wallet = number, "a wallet comes and goes; the next pass sees it");
                return Ok(None);
            }
        };
        let is_in_memory = used.is_some();
        let slot = Slot { number, ..Slot::new(key.clone()) };
        let (head, is_known) = match (used, recorded) {
            (Some(head), _) => (head, true),
            (None, Some(head)) => (Arc::new(head), true),
            (None, None) => (Arc::new(slot.clone()), false),
        };
        let is_known = is_known && head.wallet.sequence() > 0 && head.links.last >= end;
        let is_record_wrong = record.line.is_some() && record.sequence.is_none();
        let scrub =
            Self { number, key, head, is_in_memory, slot, record, dropped, is_record_wrong };
        if is_known {
            return Ok(Some(scrub));
        }
        let what = format!("wallet {number}: it has rows that are not known");
        scrub.end(ledger, Err(Stop::Finding(Finding::Other(what))))?;
        Ok(None)
    }

    /// Folds some rows; whether that was the end of it.
    pub(super) fn step(&mut self, ledger: &Embedded) -> Result<bool, LedgerError> {
        let part = ledger.readers.read(|reader| Ok(self.fold_part(&reader.connection)))?;
        let ended = match part {
            Ok(false) => return Ok(false),
            Ok(true) => self.compare().map_err(Stop::from),
            Err(stop) => Err(stop),
        };
        self.end(ledger, ended)?;
        Ok(true)
    }

    /// Folds the rows up to the next multiple of a part's; whether the head was reached.
    fn fold_part(&mut self, connection: &Connection) -> Result<bool, Stop> {
        let from = self.slot.wallet.sequence();
        let last = self.head.wallet.sequence();
        let until = ((from / PART + 1) * PART).min(last);
        let entries = self.part(connection, from, until)?;
        let states = tables::states_of(connection, self.number, from, until)?;
        let mut states = states.into_iter().peekable();
        for entry in &entries {
            let row = fold(&mut self.slot, entry, None)?;
            check_related(entry, is_linked(&row.event), |position| {
                tables::raw_entry(connection, position)
            })?;
            self.slot.wallet.take_departed();
            self.meet_record(entry.position);
            let sequence = entry.sequence;
            if let Some((_, position, state)) = states.next_if(|state| state.0 == sequence) {
                let expected = postcard::to_stdvec(&self.slot.wallet);
                if position != entry.position || expected.as_ref() != Ok(&state) {
                    // Whoever reads the past passes it over; nobody gets a wrong number from it.
                    tracing::error!(wallet = self.number, sequence, "a kept state is wrong");
                }
            }
        }
        Ok(self.slot.wallet.sequence() == last)
    }

    /// The rows behind a sequence up to another one.
    fn part(&self, connection: &Connection, from: u64, until: u64) -> Result<Vec<RawEntry>, Stop> {
        let mut entries = Vec::new();
        let (mut position, mut sequence) = (self.head.links.last, self.head.wallet.sequence());
        let mut leading = None;
        loop {
            let entry = tables::raw_entry(connection, position).map_err(|error| match error {
                StoreError::Corrupt(what) => Stop::Finding(Finding::row(position, what)),
                error => Stop::Interrupted(error),
            })?;
            let entry = self.expected(entry, position, sequence, leading)?;
            leading = Some(position);
            let behind = sequence - skipped(sequence);
            (position, sequence) = if sequence > until && behind >= until {
                (entry.links.skip, behind)
            } else {
                (entry.links.previous, sequence - 1)
            };
            if entry.sequence <= until {
                entries.push(entry);
            }
            if sequence <= from {
                break;
            }
        }
        entries.reverse();
        Ok(entries)
    }

    fn expected(
        &self,
        entry: Option<RawEntry>,
        position: Position,
        sequence: u64,
        leading: Option<Position>,
    ) -> Result<RawEntry, Finding> {
        let entry = entry.ok_or_else(|| Finding::row(position, "the row is missing"))?;
        if (entry.wallet, entry.sequence) == (self.number, sequence) {
            return Ok(entry);
        }
        let by = match leading {
            Some(leading) => format!("row {leading}"),
            None => "the wallet".to_owned(),
        };
        let what = format!("it is not row {sequence} of wallet {}, as {by} says", self.number);
        Err(Finding::row(position, what))
    }

    /// Compares the record when the fold is where it is.
    fn meet_record(&mut self, position: Position) {
        let sequence = self.slot.wallet.sequence();
        let recorded = self.record.sequence.unwrap_or(0);
        if sequence > recorded && position <= self.record.whole {
            self.is_record_wrong = true;
        }
        if let Some(line) = self.record.line.as_ref().filter(|_| sequence == recorded) {
            let due_at = self.slot.wallet.next_due().map(|due| due.at.milliseconds());
            let is_right = snapshots::pack(&line.key, &self.slot)
                .is_ok_and(|record| record == line.record && line.due_at == due_at);
            self.is_record_wrong |= !is_right;
        }
    }

    /// The wallet as its rows give it is the one in use.
    fn compare(&self) -> Result<(), Finding> {
        check(&self.slot)?;
        if self.slot == *self.head {
            return Ok(());
        }
        let what = format!("wallet {}: it is not what its rows add up to", self.number);
        Err(Finding::Other(what))
    }

    /// The wallet as its rows give it.
    pub(super) fn folded(&self) -> Option<Slot> {
        (!self.is_in_memory).then(|| self.slot.clone())
    }

    fn end(&self, ledger: &Embedded, ended: Result<(), Stop>) -> Result<(), LedgerError> {
        let is_ahead = self.record.sequence > Some(self.head.wallet.sequence());
        self.draw_consequences(ledger, ended, self.is_record_wrong || is_ahead)
    }
}

fn read_record(shared: &Shared, key: &WalletKey) -> Result<(Recorded, Option<Slot>), StoreError> {
    let packed = snapshots::pack_key(key);
    let (line, whole) =
        shared.wallets.snapshots().with(|connection| snapshots::line(connection, &packed))?;
    let slot = line.as_ref().and_then(|line| snapshots::unpack(&packed, &line.record));
    let sequence = slot.as_ref().map(|slot| slot.wallet.sequence());
    Ok((Recorded { line, sequence, whole }, slot))
}
