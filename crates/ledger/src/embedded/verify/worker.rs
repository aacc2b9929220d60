//! Folding the wallets of one thread.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use rusqlite::Connection;
use scrip_core::{Timestamp, WalletKey};

use super::super::tables;
use super::records::{Recorded, Records, told};
use super::wallets::Wallets;
use crate::anchors::Witnesses;
use crate::seal::BROKEN;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{
    Chains, Collector, Finding, Followed, Grants, Linked, RawEntry, States, Usage, check,
};
use crate::work::StoreError;
use crate::{Erasure, RecordKind};

/// Which thread folds a wallet.
pub(super) fn owner(wallet: WalletNumber, threads: usize) -> usize {
    // A remainder below the number of threads always fits.
    usize::try_from(wallet % threads as u64).unwrap_or(0)
}

/// What a thread is told.
pub(super) enum Told {
    Wallets(Vec<(WalletNumber, WalletKey)>),
    Rows(Chunk),
}

/// Some rows in their order, and where one of them cannot be read its wallet. Their bytes lie behind
/// each other: one piece of memory crosses the threads, not one for each row.
#[derive(Default)]
pub(super) struct Chunk {
    rows: Vec<Result<RawEntry<Range<usize>>, WalletNumber>>,
    bytes: Vec<u8>,
}

impl Chunk {
    pub(super) fn push(&mut self, entry: RawEntry<&[u8]>) {
        let start = self.bytes.len();
        self.bytes.extend(entry.row);
        self.rows.push(Ok(entry.with(|row| start..start + row.len())));
    }

    /// It has so many bytes that it should go now; a row can be long.
    pub(super) fn is_full(&self) -> bool {
        const BYTES_MAX: usize = 16 << 20;
        self.bytes.len() >= BYTES_MAX
    }

    pub(super) fn push_unreadable(&mut self, wallet: WalletNumber) {
        self.rows.push(Err(wallet));
    }

    /// Shows the rows wallet by wallet, those of each in their order: what is known of a wallet is
    /// fetched from memory once for all of its rows here.
    fn into_rows(mut self, mut follow: impl FnMut(Result<RawEntry<&[u8]>, WalletNumber>)) {
        self.rows.sort_by_key(|row| row.as_ref().map_or_else(|wallet| *wallet, |row| row.wallet));
        for row in self.rows {
            follow(row.map(|entry| entry.with(|range| &self.bytes[range])));
        }
    }
}

/// Numbers are given out in order; they need no hash that nobody can foresee.
#[derive(Default)]
pub(super) struct Scatter(u64);

impl Hasher for Scatter {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

pub(super) type ByNumber<T> = HashMap<WalletNumber, T, BuildHasherDefault<Scatter>>;

/// The wallets of one thread.
pub(super) struct Worker<'a> {
    connection: Connection,
    /// When it was begun to verify.
    since: Timestamp,
    findings: &'a Collector,
    anchored: &'a Witnesses,
    wallets: Wallets<'a>,
    pub records: ByNumber<Recorded>,
    whole: Position,
    linked: Linked,
    grants: Grants,
    states: States,
    pub usage: Usage<'a>,
    compared: usize,
    unlisted: HashSet<WalletNumber>,
}

/// What is left when all rows are folded.
pub(super) struct Finished<'a> {
    pub wallets: Wallets<'a>,
    grants: Grants,
    states: States,
    /// Records that were compared.
    pub records: usize,
    /// What these wallets come to.
    pub chains: Chains,
    has_broken: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        connection: Connection,
        threads: usize,
        records: &Records,
        usage: Usage<'a>,
        since: Timestamp,
        (findings, anchored): (&'a Collector, &'a Witnesses),
    ) -> Self {
        Self {
            connection,
            since,
            findings,
            anchored,
            wallets: Wallets::new(threads),
            records: HashMap::default(),
            whole: records.whole.position,
            linked: Linked::default(),
            grants: Grants::default(),
            states: States::default(),
            usage,
            compared: 0,
            unlisted: HashSet::new(),
        }
    }

    pub(super) fn take(&mut self, told: Told) {
        match told {
            Told::Wallets(wallets) => wallets.into_iter().for_each(|(number, key)| {
                let record = self.records.remove(&number);
                let anchored = self.anchored.of(&key);
                self.wallets.push(number, key, record, anchored);
            }),
            Told::Rows(chunk) => chunk.into_rows(|row| match row {
                Ok(entry) => self.follow(&entry),
                Err(wallet) => {
                    if let Some(followed) = self.wallets.get_mut(wallet) {
                        followed.is_broken = true;
                    }
                }
            }),
        }
    }

    fn follow(&mut self, entry: &RawEntry<&[u8]>) {
        let Some(followed) = self.wallets.get_mut(entry.wallet) else {
            if self.unlisted.insert(entry.wallet) {
                let what = format!("wallet {} is not in the list of wallets", entry.wallet);
                self.findings.add(Finding::row(entry.position, what));
            }
            return;
        };
        if followed.is_broken {
            return;
        }
        let uncompared = |error: StoreError| {
            self.findings.add(Finding::row(entry.position, error.to_string()));
        };
        let folded = self.linked.fold(&self.connection, &mut followed.slot, entry, uncompared);
        let mut row = match folded {
            Ok(row) => row,
            Err(finding) => {
                self.findings.add(finding);
                followed.is_broken = true;
                return;
            }
        };
        if let Some(anchored) = followed.anchored {
            let key = followed.slot.wallet.key();
            anchored.follow(key, entry.position, entry.sequence, entry.hash(), self.findings);
        }
        if let Err(finding) = self.usage.follow(entry, &mut row) {
            self.findings.add(finding);
        }
        let (position, departed) = (entry.position, followed.slot.wallet.take_departed());
        let followed_well = self
            .grants
            .follow(position, &followed.slot, &row, departed)
            .and_then(|()| self.states.follow(&self.connection, position, &followed.slot, &row));
        if let Err(finding) = followed_well {
            self.findings.add(finding);
        } else if !entry.is_sealed() {
            self.findings.add(Finding::row(position, BROKEN));
        }
        self.compared += usize::from(followed.meet_record(position, self.whole, self.findings));
    }

    /// Checks every wallet at rest, when nothing more comes.
    pub(super) fn finish(mut self) -> Finished<'a> {
        let mut chains = Chains::default();
        for followed in self.wallets.iter() {
            let number = followed.slot.number;
            if followed.is_broken {
                self.usage.told.remove(&number);
                continue;
            }
            if let Some(anchored) = followed.anchored {
                let wallet = &followed.slot.wallet;
                anchored.end(wallet.key(), wallet.sequence(), self.findings);
            }
            let key = followed.slot.wallet.key();
            let is_being_erased = || is_being_erased(&self.connection, key, self.since);
            if !self.usage.fits(number, is_being_erased) {
                let what = "its usage is not what its rows add up to";
                let told = told(&followed.slot);
                self.findings.add(Finding::Snapshots(format!("{told}: {what}")));
            }
            if let Err(error) = chains.add(&followed.slot) {
                self.findings.add(error);
            }
            if followed.slot.wallet.sequence() == 0 {
                self.findings.add(Finding::Other(format!("wallets: {number} has no rows")));
            } else if let Err(finding) = check(&followed.slot) {
                self.findings.add(finding);
            }
            if let Some(record) = &followed.record {
                record.check_passed(&followed.slot, self.findings);
            }
        }
        for number in self.records.keys() {
            let what = format!("wallet {number}: it has a record and is not in the ledger");
            self.findings.add(Finding::Snapshots(what));
        }
        for number in self.usage.left() {
            let what = format!("wallet {number}: it has usage and is not in the ledger");
            self.findings.add(Finding::Snapshots(what));
        }
        let Self { wallets, grants, states, compared, unlisted, .. } = self;
        let has_broken = !unlisted.is_empty() || wallets.iter().any(|one| one.is_broken);
        Finished { wallets, grants, states, records: compared, chains, has_broken }
    }
}

/// Whether a wallet's customer is being erased, or was since an instant.
pub(super) fn is_being_erased(connection: &Connection, key: &WalletKey, since: Timestamp) -> bool {
    let id = key.customer.as_str();
    let record = tables::record(connection, key.environment, RecordKind::Erasure, id);
    let erasure = record.ok().flatten().as_ref().and_then(Erasure::of);
    erasure.is_some_and(|erasure| erasure.may_be_under_way(since))
}

impl Followed for Finished<'_> {
    fn grants(&self) -> &Grants {
        &self.grants
    }

    fn states(&self) -> &States {
        &self.states
    }

    fn whole(&self, number: WalletNumber) -> Option<&Slot> {
        self.wallets.get(number).filter(|one| !one.is_broken).map(|one| &one.slot)
    }

    fn is_broken(&self, number: WalletNumber) -> bool {
        self.wallets.get(number).is_some_and(|one| one.is_broken)
    }

    fn has_broken(&self) -> bool {
        self.has_broken
    }
}
