//! `scrip verify --database-url`: everything that can be recomputed is, and compared.
//!
//! What belongs to a customer lies in one bucket. So each bucket is read in one transaction of its
//! own, of one instant, while nodes go on; no transaction lasts as long as the whole, and no more is
//! kept in memory than the wallets of one bucket for each thread.

mod bucket;
mod buckets;
mod counters;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;

use super::database::Database;
use super::session::Session;
use super::tables::records::{self, Place};
use super::{OpenError, migrate};
use crate::SYSTEM;
use crate::anchors::{Given, Witnessed, Witnesses};
use crate::verifying::{self, Chains, Collector, Finding};
use crate::work::StoreError;
use bucket::Bucket;
use counters::Counters;

/// The last bucket that a customer can have.
const LAST_BUCKET: i16 = 1_023;
/// More connections than this would only keep the server from its work.
const THREADS_MAX: usize = 4;

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows whose hash, sequence, links, name, effects and balance were recomputed.
    pub rows: u64,
    /// Wallets whose conservation was checked, and that were compared with what their rows add up to.
    pub wallets: usize,
    /// Grants whose records were compared.
    pub grants: usize,
    /// Customers, currencies and other records that were read.
    pub records: usize,
    /// Domain events that were read.
    pub events: usize,
    /// Names that lead to the newest row of theirs.
    pub names: u64,
    /// Days of wallets whose usage was compared with that of the rows.
    pub usage_days: usize,
    /// What the wallets come to.
    pub chains: Chains,
    /// Wallets that take no orders, each with its number, its customer and the reason.
    pub frozen: Vec<String>,
    /// What was proven by the anchors that were given.
    pub witnessed: Witnessed,
}

/// Why a database could not be verified.
pub type VerifyError = verifying::VerifyError<OpenError>;

/// Recomputes everything of a database, which may be in use, and compares what stands beside the
/// rows. Nothing is written. `progress` is told how many of how many buckets are done.
pub fn verify(
    url: &str,
    runtime: Handle,
    progress: impl FnMut(u64, u64),
) -> Result<Verified, VerifyError> {
    verify_against(url, runtime, &[], progress)
}

/// The same, and compares the store with anchors that were kept elsewhere.
pub fn verify_against(
    url: &str,
    runtime: Handle,
    anchors: &[Given],
    mut progress: impl FnMut(u64, u64),
) -> Result<Verified, VerifyError> {
    let database = Database::of_url(url, runtime)?;
    let session = connect(&database)?;
    migrate::check(&session)?;
    migrate::check_whole(&session)?;
    let findings = Collector::default();
    // An anchor is stored after the rows that it covers.
    let read = |kind, id: &str| records::record(&session, &Place::new(SYSTEM, kind, id));
    let anchored = Witnesses::gather(anchors, &read, &findings).map_err(OpenError::Store)?;
    let threads = thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX);
    let buckets = buckets::buckets(&session).map_err(OpenError::Store)?;
    if buckets.iter().any(|bucket| !(0..=LAST_BUCKET).contains(bucket)) {
        findings.add(Finding::Other("a row lies in a bucket that nobody has".to_owned()));
    }
    let (mut verified, mut counters) = (Verified::default(), Counters::default());
    let all = buckets.len();
    let left = Mutex::new(buckets);
    thread::scope(|scope| -> Result<(), OpenError> {
        let (sender, parts) = channel();
        for _ in 0..threads {
            let (sender, left, database) = (sender.clone(), &left, &database);
            let told = (&findings, &anchored);
            scope.spawn(move || read_buckets(database, left, told, &sender));
        }
        drop(sender);
        let mut done = 0;
        for part in parts {
            let (part, met) = part.inspect_err(|_| locked(&left).clear())?;
            verified.add(part);
            counters.reach(&met);
            done += 1;
            progress(done as u64, all as u64);
        }
        // A thread that panicked sent no error, and not all buckets.
        if done < all {
            findings.add(Finding::Other("a thread that folds panicked".to_owned()));
        }
        Ok(())
    })?;
    counters.check(&session, &findings).map_err(OpenError::Store)?;
    verified.witnessed = anchored.finish(&findings);
    match findings.into_findings() {
        None => Ok(verified),
        Some(findings) => Err(VerifyError::Wrong(findings)),
    }
}

/// What was found in a bucket.
type Part = (Verified, Counters);

fn read_buckets(
    database: &Database,
    left: &Mutex<Vec<i16>>,
    told: (&Collector, &Witnesses),
    parts: &Sender<Result<Part, OpenError>>,
) {
    let session = match connect(database) {
        Ok(session) => session,
        Err(error) => return drop(parts.send(Err(error))),
    };
    while let Some(number) = locked(left).pop() {
        let part = Bucket::read(&session, number, told).map_err(OpenError::Store);
        let failed = part.is_err();
        // Nobody listens any more when another thread failed.
        if parts.send(part).is_err() || failed {
            return;
        }
    }
}

fn locked(left: &Mutex<Vec<i16>>) -> MutexGuard<'_, Vec<i16>> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection whose statements may take long.
fn connect(database: &Database) -> Result<Session, OpenError> {
    let session = database.connect()?;
    session.wait_for_ever()?;
    Ok(session)
}

impl Verified {
    fn add(&mut self, part: Self) {
        self.rows += part.rows;
        self.wallets += part.wallets;
        self.grants += part.grants;
        self.records += part.records;
        self.events += part.events;
        self.names += part.names;
        self.usage_days += part.usage_days;
        self.chains = self.chains.with(part.chains);
        self.frozen.extend(part.frozen);
    }
}

/// Whatever lies in a table and cannot be read.
fn tell(findings: &Collector) -> impl Fn(StoreError) + '_ {
    |error| findings.add(error)
}
