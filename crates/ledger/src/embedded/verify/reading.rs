//! The thread that reads the rows in their order, and deals them out.

use std::mem;
use std::sync::mpsc::SyncSender;

use rusqlite::Connection;

use super::super::tables;
use super::names::Comparing;
use super::worker::{Chunk, Told, owner};
use crate::slot::{Position, WalletNumber};
use crate::verifying::{Collector, Finding};
use crate::work::StoreError;

/// How many rows are read in one go, so that no read transaction lasts.
const CHUNK: usize = 65_536;
/// How many rows are left out at first where the file itself cannot be read.
const SKIP: u64 = 64;

pub(super) struct Reading<'a> {
    connection: &'a Connection,
    findings: &'a Collector,
    workers: Vec<SyncSender<Told>>,
    names: Comparing,
    last: Position,
    last_wallet: WalletNumber,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        findings: &'a Collector,
        workers: Vec<SyncSender<Told>>,
        names: Comparing,
    ) -> Self {
        Self { connection, findings, workers, names, last: 0, last_wallet: 0 }
    }

    /// Reads most rows chunk by chunk, so that a store in use can go on, and the last ones as of
    /// one moment, in a transaction that goes on.
    pub(super) fn run(
        &mut self,
        mut progress: impl FnMut(Position, Position),
    ) -> Result<(), StoreError> {
        self.catch_up(&mut progress)?;
        self.connection.execute_batch("begin")?;
        self.catch_up(&mut progress)
    }

    /// Nothing more comes. How many rows there are.
    pub(super) fn end(self) -> Position {
        self.names.end(self.last);
        self.last
    }

    fn catch_up(
        &mut self,
        progress: &mut impl FnMut(Position, Position),
    ) -> Result<(), StoreError> {
        let until = tables::last_position(self.connection)?;
        // Read after the position: a wallet is listed in the commit of its first row.
        self.meet_wallets()?;
        let mut skip = SKIP;
        while self.last < until {
            match self.read(until) {
                Ok(()) => skip = SKIP,
                Err(error @ StoreError::Corrupt(_)) => {
                    let (first, next) = (self.last + 1, (self.last + skip).min(until));
                    let what = format!("rows {first} to {next} cannot be read: {error}");
                    self.findings.add(Finding::row(first, what));
                    self.names.leave_out(self.last, next);
                    (self.last, skip) = (next, skip.saturating_mul(2));
                }
                Err(error) => return Err(error),
            }
            progress(self.last, until);
        }
        Ok(())
    }

    fn meet_wallets(&mut self) -> Result<(), StoreError> {
        let mut wallets: Vec<Vec<_>> = self.workers.iter().map(|_| Vec::new()).collect();
        let owners = wallets.len();
        tables::each_wallet_after(self.connection, self.last_wallet, |wallet| match wallet {
            Ok((number, key)) => {
                self.last_wallet = number;
                wallets[owner(number, owners)].push((number, key));
            }
            Err(error) => self.findings.add(error),
        })?;
        self.send(wallets.into_iter().map(Told::Wallets));
        Ok(())
    }

    fn read(&mut self, until: Position) -> Result<(), StoreError> {
        let mut chunks: Vec<_> = self.workers.iter().map(|_| Chunk::default()).collect();
        let (mut last, owners) = (self.last, chunks.len());
        let read = tables::each_entry_after(self.connection, self.last, until, CHUNK, |entry| {
            let position = match &entry {
                Ok(entry) => entry.position,
                Err(unreadable) => unreadable.position,
            };
            self.check_follows(last, position);
            last = position;
            match entry {
                Ok(entry) => {
                    self.names.meet(&entry);
                    let owner = owner(entry.wallet, owners);
                    chunks[owner].push(entry);
                    if chunks[owner].is_full() {
                        // One that panicked is told at the end.
                        let _ = self.workers[owner].send(Told::Rows(mem::take(&mut chunks[owner])));
                    }
                }
                Err(unreadable) => {
                    self.findings.add(Finding::row(position, text_of(&unreadable.error, position)));
                    self.names.leave_out(position - 1, position);
                    if let Some(wallet) = unreadable.wallet {
                        chunks[owner(wallet, owners)].push_unreadable(wallet);
                    }
                }
            }
            Ok(())
        });
        let nothing = last == self.last;
        self.last = last;
        self.send(chunks.into_iter().map(Told::Rows));
        read?;
        if nothing {
            self.check_follows(self.last, until + 1);
            self.last = until;
        }
        Ok(())
    }

    fn check_follows(&mut self, last: Position, position: Position) {
        let what = match position.saturating_sub(last) {
            0 | 1 => return,
            2 => "the row is missing".to_owned(),
            _ => format!("the rows up to {} are missing", position - 1),
        };
        self.findings.add(Finding::row(last + 1, what));
        self.names.leave_out(last, position - 1);
    }

    fn send(&self, told: impl Iterator<Item = Told>) {
        for (worker, told) in self.workers.iter().zip(told) {
            // One that panicked is told at the end.
            let _ = worker.send(told);
        }
    }
}

/// What an error says, without the place that the finding names itself.
fn text_of(error: &StoreError, position: Position) -> String {
    let text = error.to_string();
    let place = format!("entries {position}: ");
    text.split_once(&place).map_or(text.clone(), |(_, what)| what.to_owned())
}
