//! The records of the wallets in `snapshots.db`: read in one go, compared when the fold of their
//! wallets has come as far as they.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::super::reach::Reach;
use super::super::snapshots::{self, Line};
use super::Witness;
use super::worker::{ByNumber, Worker, owner};
use crate::slot::Slot;
use crate::verifying::{Collector, Finding};
use crate::work::StoreError;

/// What is remembered of a record.
pub(super) struct Recorded {
    pub sequence: u64,
    digest: [u8; 16],
}

/// The records as they were at one moment.
pub(super) struct Records {
    of: ByNumber<Recorded>,
    /// Every row up to here is in some record.
    pub whole: Reach,
    newest: Reach,
}

impl Records {
    /// Reads all of them; where there is no file, or one that cannot be used, none.
    pub(super) fn read(directory: &Path, ledger_id: &[u8; 16], findings: &Collector) -> Self {
        let nothing = || Self { of: HashMap::default(), whole: Reach::START, newest: Reach::START };
        let wrong = |what: String| findings.add(Finding::Snapshots(what));
        let read = |connection: &Connection| Self::read_all(connection, ledger_id, &wrong);
        match snapshots::inspect(directory, read) {
            None => nothing(),
            Some(Ok(records)) => records,
            Some(Err(error)) => {
                wrong(error.to_string());
                nothing()
            }
        }
    }

    fn read_all(
        connection: &Connection,
        ledger_id: &[u8; 16],
        wrong: &impl Fn(String),
    ) -> Result<Self, StoreError> {
        let (whole, newest) =
            snapshots::reaches_of(connection, ledger_id).map_err(StoreError::Corrupt)?;
        let mut this = Self { of: HashMap::default(), whole, newest };
        let (mut count, mut sum) = (0_u64, 0_i64);
        snapshots::each_line(connection, |line| {
            if let Some(due_at) = line.due_at {
                count += 1;
                sum = sum.wrapping_add(due_at % snapshots::DUE_MODULUS);
            }
            if let Err(what) = this.take(&line) {
                wrong(what);
            }
        })?;
        if snapshots::sum_of_due(connection)? != (count, sum) {
            wrong("the index of what is due is not that of the records".to_owned());
        }
        Ok(this)
    }

    fn take(&mut self, line: &Line) -> Result<(), String> {
        let Some(key) = snapshots::unpack_key(&line.key) else {
            return Err(format!("a key cannot be read: {:?}", line.key.escape_ascii().to_string()));
        };
        let (customer, currency) = (&key.customer, &key.currency);
        let Some(slot) = snapshots::unpack(&line.key, &line.record) else {
            let what = "the record cannot be read";
            return Err(format!("a wallet (customer {customer}, currency {currency}): {what}"));
        };
        if slot.wallet.sequence() == 0 {
            return Ok(());
        }
        let told = told(&slot);
        let recorded = Recorded { sequence: slot.wallet.sequence(), digest: digest(&line.record) };
        if self.of.insert(slot.number, recorded).is_some() {
            return Err(format!("{told}: there are two records of this number"));
        }
        if line.environment != key.environment.0 {
            return Err(format!(
                "{told}: its record is listed in environment {}",
                line.environment
            ));
        }
        if line.due_at != slot.wallet.next_due().map(|due| due.at.milliseconds()) {
            return Err(format!("{told}: its record is listed as due at another instant"));
        }
        if slot.links.last > self.newest.position {
            let (last, newest) = (slot.links.last, self.newest.position);
            return Err(format!("{told}: its record is of row {last}, the newest of row {newest}"));
        }
        Ok(())
    }

    pub(super) fn witnesses(&self) -> [Witness; 2] {
        [self.whole, self.newest].map(|reach| Witness {
            reach,
            wrong: Finding::Snapshots,
            file: String::new(),
        })
    }

    /// Each thread gets the records of its wallets.
    pub(super) fn deal_out(&mut self, workers: &mut [Worker<'_>]) {
        for (number, record) in self.of.drain() {
            workers[owner(number, workers.len())].records.insert(number, record);
        }
    }
}

impl Recorded {
    /// The record is this wallet's, as it is.
    pub(super) fn is_of(&self, slot: &Slot) -> bool {
        let key = snapshots::pack_key(slot.wallet.key());
        snapshots::pack(&key, slot).is_ok_and(|record| digest(&record) == self.digest)
    }

    /// When all rows are folded, every record was met.
    pub(super) fn check_passed(&self, slot: &Slot, findings: &Collector) {
        let (recorded, last) = (self.sequence, slot.wallet.sequence());
        if recorded > last {
            let told = told(slot);
            let what = format!("{told}: its record is at sequence {recorded}, its last row {last}");
            findings.add(Finding::Snapshots(what));
        }
    }
}

/// A wallet, for somebody who looks for it.
pub(super) fn told(slot: &Slot) -> String {
    let key = slot.wallet.key();
    format!("wallet {} (customer {}, currency {})", slot.number, key.customer, key.currency)
}

fn digest(record: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(record)[..16]);
    half
}
