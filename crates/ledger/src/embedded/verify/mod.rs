//! `scrip verify`: everything that can be recomputed is, and compared.
//!
//! One thread reads the rows in their order; others, one for each core, fold the wallets, each its
//! own. What is written behind (the mark, the records of wallets, the files of names) is looked at
//! first: whatever it speaks of was durable by then, so the rows that are read later must bear it
//! out.

mod names;
mod reading;
mod records;
mod usage;
mod wallets;
mod worker;

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use rusqlite::Connection;
use scrip_core::Timestamp;

use super::mark::{Mark, MarkState};
use super::reach::Reach;
use super::{OpenError, file, tables};
use crate::SYSTEM;
use crate::anchors::{Given, Witnessed, Witnesses};
use crate::clock::SystemClock;
use crate::slot::Position;
use crate::verifying::{self, Chains, Collector, Finding, Usage, check_grants, check_states};
use crate::work::StoreError;
use names::Names;
use reading::Reading;
use records::Records;
use usage::InFile;
use worker::{Finished, Worker};

/// Chunks of rows that may wait for a thread that folds.
const WAITING: usize = 4;
/// More threads than this would wait for the one that reads.
const THREADS_MAX: usize = 16;

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows whose hash, sequence, links, name, effects and balance were recomputed.
    pub rows: u64,
    /// Wallets whose conservation was checked.
    pub wallets: usize,
    /// Grants whose records were compared.
    pub grants: usize,
    /// Records in `snapshots.db` that were compared with what the rows add up to.
    pub records: usize,
    /// Days of wallets whose usage was compared with that of the rows.
    pub usage_days: usize,
    /// Slices of names that were compared with the names of their rows.
    pub slices: usize,
    /// What the wallets come to.
    pub chains: Chains,
    /// Wallets that take no orders, each with its number, its customer and the reason.
    pub frozen: Vec<String>,
    /// What was proven by the anchors that were given.
    pub witnessed: Witnessed,
}

/// Why a store could not be verified.
pub type VerifyError = verifying::VerifyError<OpenError>;

/// How far the ledger must reach, and who says so.
struct Witness {
    reach: Reach,
    wrong: fn(String) -> Finding,
    file: String,
}

/// Recomputes everything of a store, which may be in use, and compares what stands beside the
/// rows. Nothing is written. `progress` is told how many of how many rows are done.
pub fn verify(
    directory: &Path,
    progress: impl FnMut(Position, Position),
) -> Result<Verified, VerifyError> {
    verify_against(directory, &[], progress)
}

/// The same, and compares the store with anchors that were kept elsewhere.
pub fn verify_against(
    directory: &Path,
    anchors: &[Given],
    progress: impl FnMut(Position, Position),
) -> Result<Verified, VerifyError> {
    let since = SystemClock::of_machine().now();
    let connection = file::open_reader(directory)?;
    let ledger_id = file::ledger_id(&connection)?;
    let findings = Collector::default();
    let mut witnesses = Vec::new();
    witnesses.extend(read_mark(directory, &ledger_id, &findings));
    let records = Records::read(directory, &ledger_id, &findings);
    witnesses.extend(records.witnesses());
    let mut usage = InFile::read(directory, &ledger_id, &findings);
    witnesses.push(usage.witness());
    let names = Names::inspect(&directory.join("keys"), ledger_id, &findings);
    witnesses.extend(names.witnesses());
    // An anchor is stored after the rows that it covers.
    let read = |kind, id: &str| tables::record(&connection, SYSTEM, kind, id);
    let anchored = Witnesses::gather(anchors, &read, &findings).map_err(OpenError::from)?;
    let work = Work {
        directory,
        since,
        connection: &connection,
        findings: &findings,
        anchored: &anchored,
    };
    let verified = work.run(records, &mut usage, names, witnesses, progress)?;
    match findings.into_findings() {
        None => Ok(verified),
        Some(findings) => Err(VerifyError::Wrong(findings)),
    }
}

fn read_mark(directory: &Path, ledger_id: &[u8; 16], findings: &Collector) -> Option<Witness> {
    let wrong = match Mark::read(directory) {
        Ok(MarkState::Missing) => return None,
        Ok(MarkState::At(mark)) if mark.ledger_id != *ledger_id => {
            "it is another ledger's".to_owned()
        }
        Ok(MarkState::At(mark)) => {
            let hash = scrip_core::Digest::from_bytes(mark.row_hash);
            let reach = Reach { position: mark.position, hash };
            return Some(Witness { reach, wrong: Finding::Mark, file: String::new() });
        }
        Ok(MarkState::Unreadable(why)) => why,
        Err(error) => error.to_string(),
    };
    findings.add(Finding::Mark(wrong));
    None
}

struct Work<'a> {
    directory: &'a Path,
    since: Timestamp,
    connection: &'a Connection,
    findings: &'a Collector,
    anchored: &'a Witnesses,
}

impl Work<'_> {
    fn run(
        &self,
        mut records: Records,
        usage: &mut InFile,
        names: Names,
        witnesses: Vec<Witness>,
        progress: impl FnMut(Position, Position),
    ) -> Result<Verified, OpenError> {
        let cores = thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX);
        let (overfull, usage_until) =
            (std::mem::take(&mut usage.added_up.overfull), usage.reach.added_up_to());
        let workers = (0..cores).map(|_| {
            let connection = file::open_reader(self.directory)?;
            let usage = Usage::new(&overfull, usage_until);
            let told = (self.findings, self.anchored);
            Ok(Worker::new(connection, cores, &records, usage, self.since, told))
        });
        let mut workers = workers.collect::<Result<Vec<_>, OpenError>>()?;
        records.deal_out(&mut workers);
        usage.deal_out(&mut workers);
        let slices = names.count();
        thread::scope(|scope| {
            let names = names.start(scope, self.findings);
            let mut senders = Vec::with_capacity(cores);
            let mut threads = Vec::with_capacity(cores);
            for mut worker in workers {
                let (sender, receiver) = sync_channel(WAITING);
                senders.push(sender);
                threads.push(scope.spawn(move || {
                    receiver.into_iter().for_each(|told| worker.take(told));
                    worker.finish()
                }));
            }
            let mut reading = Reading::new(self.connection, self.findings, senders, names);
            reading.run(progress)?;
            self.check_witnesses(witnesses)?;
            let rows = reading.end();
            let finished: Vec<_> = threads.into_iter().filter_map(|one| one.join().ok()).collect();
            if finished.len() < cores {
                self.findings.add(Finding::Other("a thread that folds panicked".to_owned()));
            }
            let grants = self.compare(finished.as_slice())?;
            let sum = |count: fn(&Finished<'_>) -> usize| finished.iter().map(count).sum();
            Ok(Verified {
                rows,
                wallets: sum(|part| part.wallets.len()),
                grants,
                records: sum(|part| part.records),
                usage_days: usage.added_up.days,
                slices,
                chains: finished.iter().fold(Chains::default(), |all, one| all.with(one.chains)),
                frozen: self.frozen()?,
                witnessed: self.anchored.finish(self.findings),
            })
        })
    }

    /// Compares what stands beside the rows and is no wallet's alone.
    fn compare(&self, finished: &[Finished<'_>]) -> Result<usize, StoreError> {
        for wrong in tables::check_indexes(self.connection)? {
            self.findings.add(Finding::Other(wrong));
        }
        tables::check_records(self.connection, |error| self.findings.add(error))?;
        tables::check_events(self.connection, |error| self.findings.add(error))?;
        check_states(finished, tables::states(self.connection)?, self.findings);
        let is_being_erased = |key: &_| worker::is_being_erased(self.connection, key, self.since);
        let each = |show: &mut dyn FnMut(_)| tables::each_grant(self.connection, show);
        check_grants(finished, self.findings, is_being_erased, each)
    }

    /// Whether the ledger reaches as far as it must, and is the same there.
    fn check_witnesses(&self, witnesses: Vec<Witness>) -> Result<(), StoreError> {
        let end = tables::last_position(self.connection)?;
        for Witness { reach: Reach { position, hash }, wrong, file } in witnesses {
            let found = match tables::row_hash(self.connection, position) {
                Err(StoreError::Corrupt(_)) => None,
                found => found?,
            };
            if position == 0 || found == Some(hash) {
                continue;
            }
            self.findings.add(wrong(if position > end {
                format!("{file}row {position} must be there, but the ledger ends at row {end}")
            } else {
                format!("{file}row {position} is not the one that was acknowledged")
            }));
        }
        Ok(())
    }

    fn frozen(&self) -> Result<Vec<String>, StoreError> {
        let frozen = tables::frozen_wallets(self.connection)?;
        let tell = |(key, number, reason): (scrip_core::WalletKey, u64, String)| {
            let (customer, currency) = (key.customer, key.currency);
            format!("wallet {number} (customer {customer}, currency {currency}): {reason}")
        };
        Ok(frozen.into_iter().map(tell).collect())
    }
}
