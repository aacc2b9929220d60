//! Carrying a whole store from one place to another.
//!
//! Nothing is taken over unseen: each row is folded into its wallet on the way, so what arrives is
//! what the rows add up to. Each chunk is written with how far the copy is, in one commit; whatever
//! ends a copy, the next run goes on behind the last chunk.

mod between;
mod places;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use scrip_core::WalletKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::event::DomainEvent;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{Finding, RawEntry};
use crate::work::StoreError;
use crate::{ClosedMonth, GrantRecord, Record, RecordKind, StoredAnswer};

pub use between::{Place, copy_store};
pub use rows::Rows;

/// How many things are carried in one commit, usually.
const CHUNK: usize = 4_096;

/// What was copied, with what an earlier run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Rows of the ledger.
    pub rows: u64,
    /// Customers, currencies and other records.
    pub records: u64,
    /// Grants.
    pub grants: u64,
    /// Domain events.
    pub events: u64,
    /// Stored answers of requests, for whoever repeats one.
    pub answers: u64,
}

/// Why a store could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source cannot be opened.
    #[error("the source: {0}")]
    OpenSource(Box<dyn std::error::Error + Send + Sync>),
    /// The target cannot be opened.
    #[error("the target: {0}")]
    OpenTarget(Box<dyn std::error::Error + Send + Sync>),
    /// The source cannot be read.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The source is wrong.
    #[error("the source is damaged: {0}")]
    Damaged(#[from] Finding),
    /// The target cannot be read or written.
    #[error("the target: {0}")]
    Target(StoreError),
    /// There is something in the target, and it is no unfinished copy.
    #[error("the target is not empty: copy into an empty one")]
    NotEmpty,
    /// The target holds something else than this source as it is now.
    #[error(
        "the target holds an unfinished copy of another store, or of this one before it went on: \
         empty the target and copy again"
    )]
    OfAnother,
}

/// What tells a store, as it is, from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// From its secret.
    pub store: [u8; 16],
    /// Its last row.
    pub position: Position,
    /// Its last event.
    pub event: u64,
    /// How many records it has, and when the last one changed, in milliseconds.
    pub records: (u64, i64),
}

/// An answer of a request, under the hash by which a repetition finds it.
pub struct CarriedAnswer {
    /// The hash.
    pub scope: [u8; 32],
    /// The hash of the body that was answered; attempts have none.
    pub body: Option<[u8; 32]>,
    /// When, in milliseconds of real time.
    pub stored_at: i64,
    /// What was answered.
    pub answer: StoredAnswer,
}

/// Behind what a source goes on with a stage. What it does not go by stays zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Buckets or environments before this one are through.
    pub group: u32,
    /// An ordinal, a position or a number.
    pub number: u64,
    /// A hash.
    pub scope: [u8; 32],
}

impl After {
    /// Behind a number.
    pub fn number(number: u64) -> Self {
        Self { number, ..Self::default() }
    }
}

/// Some of what a source has, and behind what it goes on.
pub struct Batch<Item> {
    pub items: Vec<Item>,
    pub after: After,
}

/// A store that is copied. Nobody writes into it meanwhile. Each method answers some of the things
/// behind `after`; none, when there are no more.
pub trait Source {
    /// What tells it from all others.
    fn identity(&self) -> Result<Identity, StoreError>;

    /// The secret of its cursors.
    fn secret(&self) -> Result<[u8; 32], StoreError>;

    /// Customers, currencies and other records.
    fn records(&self, after: After, most: usize) -> Result<Batch<Record>, StoreError>;

    /// Grants.
    fn grants(&self, after: After, most: usize) -> Result<Batch<GrantRecord>, StoreError>;

    /// The ledger, by position.
    fn rows(&self, after: Position, most: usize) -> Result<Vec<RawEntry>, StoreError>;

    /// Whose wallet has a number.
    fn wallet(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError>;

    /// After which rows of which wallets a state is kept.
    fn states(&self) -> Result<HashSet<(WalletNumber, u64)>, StoreError>;

    /// The outbox; the events of an environment in their order.
    fn events(&self, after: After, most: usize) -> Result<Batch<DomainEvent>, StoreError>;

    /// Answers under the `Idempotency-Key` header.
    fn claims(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError>;

    /// Answers that a retry of an official SDK asks for again.
    fn attempts(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError>;

    /// Wallets that take no orders, and why.
    fn frozen(&self) -> Result<Vec<(WalletNumber, String)>, StoreError>;
}

/// What is written in one commit.
pub enum Chunk<'a> {
    Records(&'a [Record]),
    Grants(&'a [GrantRecord]),
    Rows(&'a Rows),
    Events(&'a [DomainEvent]),
    Claims(&'a [CarriedAnswer]),
    Attempts(&'a [CarriedAnswer]),
}

/// How a target stands.
pub enum Standing {
    /// Nothing is in it.
    Empty,
    /// Something else is.
    Taken,
    /// A copy that was not finished, with its progress as it was written.
    Unfinished(Vec<u8>),
}

/// Where a store is copied to.
pub trait Target {
    /// Rows are numbered without gaps here. Where a source has gaps, they get other positions.
    const IS_WITHOUT_GAPS: bool;

    fn standing(&self) -> Result<Standing, StoreError>;

    /// All wallets as the rows so far left them, where they cannot be asked for one by one.
    fn all_slots(&self) -> Result<Option<HashMap<WalletNumber, Slot>>, StoreError>;

    /// A wallet as the rows so far left it.
    fn slot(&self, key: &WalletKey) -> Result<Option<Slot>, StoreError>;

    /// Writes a chunk and the progress with it, all or nothing.
    fn write(&mut self, chunk: &Chunk<'_>, progress: &[u8]) -> Result<(), StoreError>;

    /// Makes it a store like any other. With the source's secret its cursors go on.
    fn finish(
        &mut self,
        secret: Option<[u8; 32]>,
        frozen: &[(WalletNumber, String)],
    ) -> Result<(), StoreError>;
}

/// What a copy does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Records,
    Grants,
    Rows,
    Events,
    Claims,
    Attempts,
    Finish,
}

/// How far a copy is, as it is written with each chunk.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Progress {
    identity: Identity,
    stage: Stage,
    after: After,
    copied: Copied,
    /// The last position of a row, and of an event, in the target.
    last_row: Position,
    last_event: u64,
}

/// A copy under way.
struct Copy<'a, S, T> {
    /// How many things are carried in one commit.
    chunk: usize,
    source: &'a S,
    target: &'a mut T,
    progress: Progress,
}

/// Copies a store, or goes on with it. `tell` is told how many of how many rows are done.
pub fn copy<S: Source, T: Target>(
    source: &S,
    target: &mut T,
    chunk: usize,
    mut tell: impl FnMut(u64, u64),
) -> Result<Copied, CopyError> {
    let identity = source.identity().map_err(CopyError::Source)?;
    let progress = begin(identity, target.standing().map_err(CopyError::Target)?)?;
    let mut copy = Copy { chunk, source, target, progress };
    loop {
        match copy.progress.stage {
            Stage::Records => copy.records()?,
            Stage::Grants => copy.carry(S::grants, |items| Chunk::Grants(items), Stage::Rows)?,
            Stage::Rows => rows::copy_all(&mut copy, &mut tell)?,
            Stage::Events => copy.events()?,
            Stage::Claims => {
                copy.carry(S::claims, |items| Chunk::Claims(items), Stage::Attempts)?
            }
            Stage::Attempts => {
                copy.carry(S::attempts, |items| Chunk::Attempts(items), Stage::Finish)?
            }
            Stage::Finish => break,
        }
    }
    let frozen = source.frozen().map_err(CopyError::Source)?;
    // Where positions are others, no cursor of before may be taken for one.
    let is_same =
        copy.progress.last_row == identity.position && copy.progress.last_event == identity.event;
    let secret = source.secret().map_err(CopyError::Source)?;
    copy.target.finish(is_same.then_some(secret), &frozen).map_err(CopyError::Target)?;
    Ok(copy.progress.copied)
}

fn begin(identity: Identity, standing: Standing) -> Result<Progress, CopyError> {
    let bytes = match standing {
        Standing::Taken => return Err(CopyError::NotEmpty),
        Standing::Unfinished(bytes) => bytes,
        Standing::Empty => {
            return Ok(Progress {
                identity,
                stage: Stage::Records,
                after: After::default(),
                copied: Copied::default(),
                last_row: 0,
                last_event: 0,
            });
        }
    };
    match postcard::from_bytes::<Progress>(&bytes) {
        Ok(progress) if progress.identity == identity => Ok(progress),
        _ => Err(CopyError::OfAnother),
    }
}

impl<S: Source, T: Target> Copy<'_, S, T> {
    /// Writes a chunk behind which the stage goes on.
    fn write(&mut self, chunk: &Chunk<'_>, after: After) -> Result<(), CopyError> {
        let mut progress = Progress { after, ..self.progress };
        progress.copied.count(chunk);
        let bytes = postcard::to_stdvec(&progress)
            .map_err(|error| StoreError::Failed(format!("packing the progress: {error}")))
            .map_err(CopyError::Target)?;
        self.target.write(chunk, &bytes).map_err(CopyError::Target)?;
        self.progress = progress;
        Ok(())
    }

    fn end_stage(&mut self, next: Stage) {
        self.progress.stage = next;
        self.progress.after = After::default();
    }

    /// Carries a batch of the stage, or goes on to the next stage when there is none.
    fn carry<Item>(
        &mut self,
        read: impl Fn(&S, After, usize) -> Result<Batch<Item>, StoreError>,
        chunk: impl Fn(&[Item]) -> Chunk<'_>,
        next: Stage,
    ) -> Result<(), CopyError> {
        let batch =
            read(self.source, self.progress.after, self.chunk).map_err(CopyError::Source)?;
        if batch.items.is_empty() {
            self.end_stage(next);
            return Ok(());
        }
        self.write(&chunk(&batch.items), batch.after)
    }

    fn records(&mut self) -> Result<(), CopyError> {
        let batch =
            self.source.records(self.progress.after, self.chunk).map_err(CopyError::Source)?;
        let mut records = batch.items;
        if records.is_empty() {
            self.end_stage(Stage::Grants);
            return Ok(());
        }
        if T::IS_WITHOUT_GAPS {
            let mut counted = (0, 0);
            let months = |record: &&mut Record| record.kind == RecordKind::ClosedMonth;
            for record in records.iter_mut().filter(months) {
                self.renumber(record, &mut counted)?;
            }
        }
        self.write(&Chunk::Records(&records), batch.after)
    }

    /// The last row that counts in a closed month is the same one where rows are numbered otherwise.
    /// `counted` is up to which position of the source how many rows were counted.
    fn renumber(
        &self,
        record: &mut Record,
        counted: &mut (Position, u64),
    ) -> Result<(), CopyError> {
        let wrong = || StoreError::Corrupt(format!("records {}: no month", record.ordinal));
        let month = ClosedMonth::of(record).ok_or_else(wrong).map_err(CopyError::Source)?;
        if month.until < counted.0 {
            *counted = (0, 0);
        }
        while counted.0 < month.until {
            let entries = self.source.rows(counted.0, self.chunk).map_err(CopyError::Source)?;
            let within = entries.iter().filter(|entry| entry.position <= month.until).count();
            counted.1 += within as u64;
            let last = entries.last().map_or(month.until, |entry| entry.position);
            counted.0 = last.min(month.until);
        }
        ClosedMonth::set_until(record, counted.1);
        Ok(())
    }

    fn events(&mut self) -> Result<(), CopyError> {
        let batch =
            self.source.events(self.progress.after, self.chunk).map_err(CopyError::Source)?;
        // They keep their numbers: whoever is told of them goes on behind the last that he has.
        let events = batch.items;
        let last = events.iter().map(|event| event.position).max().unwrap_or(0);
        self.progress.last_event = self.progress.last_event.max(last);
        if events.is_empty() {
            self.end_stage(Stage::Claims);
            return Ok(());
        }
        self.write(&Chunk::Events(&events), batch.after)
    }
}

impl Copied {
    fn count(&mut self, chunk: &Chunk<'_>) {
        let (count, more) = match chunk {
            Chunk::Records(records) => (&mut self.records, records.len()),
            Chunk::Grants(grants) => (&mut self.grants, grants.len()),
            Chunk::Rows(rows) => (&mut self.rows, rows.entries.len()),
            Chunk::Events(events) => (&mut self.events, events.len()),
            Chunk::Claims(answers) | Chunk::Attempts(answers) => (&mut self.answers, answers.len()),
        };
        *count += more as u64;
    }
}

/// What tells a store from others, without giving its secret away.
pub fn identity_of(secret: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(
        &Sha256::new().chain_update(b"copy").chain_update(secret).finalize()[..16],
    );
    half
}
