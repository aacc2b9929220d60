//! How far the ledger must reach: the mark, the snapshots and the key slices are written after the
//! rows they speak of are durable. A ledger that ends earlier, or has another row there, has lost
//! rows; SQLite stops at the first bad frame of its write-ahead log without a word.

use std::fmt;
use std::path::Path;

use rusqlite::Connection;

use super::backup;
use super::keys::{self, KeyStore};
use super::mark::{Mark, MarkState};
use super::reach::Reach;
use super::{OpenError, file, snapshots, tables};
use crate::slot::Position;
use crate::work::StoreError;

/// What tells how far the ledger reached.
pub(super) struct Witness {
    file: String,
    /// None: it is another ledger's, so that nothing is known of this one's end.
    reach: Option<Reach>,
}

impl Witness {
    /// A file of names.
    fn names(directory: &Path, file: &Path, row: Reach) -> Self {
        let file = file.strip_prefix(directory).unwrap_or(file);
        Self { file: file.display().to_string(), reach: Some(row) }
    }
}

/// Rows that were acknowledged and are not in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where the ledger ends.
    pub end: Position,
    /// The last row that is known to be missing or to have been another one; 0 if only the ledger's
    /// identity is wrong.
    pub until: Position,
    /// The files that tell it.
    pub witnesses: Vec<String>,
    /// A row that is there is not the one that was acknowledged.
    pub other_row: Option<Position>,
    /// The mark was written for another ledger.
    pub other_ledger: bool,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let witnesses = self.witnesses.join(", ");
        if self.other_ledger {
            return write!(f, "ledger.db is not the ledger of this directory, says {witnesses}");
        }
        if self.until > self.end {
            let (first, count) = (self.end + 1, self.until - self.end);
            write!(f, "{count} rows are missing, {first} to {}", self.until)?;
        }
        if let Some(position) = self.other_row {
            let and = if self.until > self.end { ", and " } else { "" };
            write!(f, "{and}row {position} is not the one that was acknowledged")?;
        }
        write!(f, "; the ledger ends at row {}, says ledger.db, but not {witnesses}", self.end)
    }
}

/// Files that are made after the ledger, and only with one.
const MADE_AFTER: [&str; 2] = ["mark", "snapshots.db"];

/// A ledger that is missing is made only where there was none; and neither a backup nor what is yet
/// to become a ledger is one.
pub(super) fn check_presence(directory: &Path) -> Result<(), OpenError> {
    if directory.join(backup::RESTORING).is_dir() {
        return Err(OpenError::Unrestored { path: directory.to_owned() });
    }
    if directory.join(backup::MANIFEST).exists() {
        return Err(OpenError::Backup { path: directory.to_owned() });
    }
    let witness = MADE_AFTER.into_iter().find(|name| directory.join(name).exists());
    let Some(witness) = witness else { return Ok(()) };
    let path = file::path(directory);
    // Without its write-ahead log a young ledger.db may be empty.
    if file::is_made(directory)? { Ok(()) } else { Err(OpenError::Gone { path, witness }) }
}

/// Compares a ledger with what its directory tells of it.
pub(super) fn check(
    connection: &Connection,
    directory: &Path,
    ledger_id: [u8; 16],
    keys: &KeyStore,
) -> Result<Option<Loss>, StoreError> {
    let witnesses = witnesses(directory, ledger_id, keys)?;
    compare(connection, witnesses)
}

/// Compares a ledger with what was told of it before.
pub(super) fn compare(
    connection: &Connection,
    witnesses: Vec<Witness>,
) -> Result<Option<Loss>, StoreError> {
    let end = tables::last_position(connection)?;
    let mut loss =
        Loss { end, until: 0, witnesses: Vec::new(), other_row: None, other_ledger: false };
    for Witness { file, reach } in witnesses {
        let Some(reach) = reach else {
            loss.other_ledger = true;
            loss.witnesses.push(file);
            continue;
        };
        if reach.position == 0 {
            continue;
        }
        let is_missing = reach.position > end;
        let is_other =
            !is_missing && tables::row_hash(connection, reach.position)? != Some(reach.hash);
        if is_missing || is_other {
            loss.until = loss.until.max(reach.position);
            loss.witnesses.push(file);
        }
        if is_other {
            let first = loss.other_row.unwrap_or(reach.position);
            loss.other_row = Some(first.min(reach.position));
        }
    }
    Ok((!loss.witnesses.is_empty()).then_some(loss))
}

/// What a directory that may be in use tells of its ledger: none of it is ever ahead of the rows.
pub(super) fn witnesses_in_use(
    directory: &Path,
    ledger_id: [u8; 16],
) -> Result<Vec<Witness>, StoreError> {
    let mut witnesses = beside(directory, ledger_id)?;
    // What cannot be read tells nothing, and is made again.
    let (files, _) = keys::inspect(&directory.join("keys"), ledger_id)?;
    witnesses.extend(files.iter().map(|file| {
        let row = Reach { position: file.until(), hash: file.row_hash() };
        Witness::names(directory, file.path(), row)
    }));
    Ok(witnesses)
}

fn witnesses(
    directory: &Path,
    ledger_id: [u8; 16],
    keys: &KeyStore,
) -> Result<Vec<Witness>, StoreError> {
    let mut witnesses = beside(directory, ledger_id)?;
    witnesses.extend(keys.reaches().iter().map(|reach| {
        let row = Reach { position: reach.until, hash: reach.row_hash };
        Witness::names(directory, &reach.file, row)
    }));
    Ok(witnesses)
}

/// The mark and the snapshots.
fn beside(directory: &Path, ledger_id: [u8; 16]) -> Result<Vec<Witness>, StoreError> {
    let mut witnesses = Vec::new();
    let failed = |error| StoreError::Failed(format!("reading the mark file: {error}"));
    match Mark::read(directory).map_err(failed)? {
        MarkState::At(mark) => {
            let hash = scrip_core::Digest::from_bytes(mark.row_hash);
            let is_ours = mark.ledger_id == ledger_id;
            let reach = is_ours.then_some(Reach { position: mark.position, hash });
            witnesses.push(Witness { file: "mark".to_owned(), reach });
        }
        MarkState::Missing => {}
        MarkState::Unreadable(what) => tracing::warn!(what, "the mark file cannot be read"),
    }
    for reach in snapshots::reaches(directory, &ledger_id) {
        witnesses.push(Witness { file: "snapshots.db".to_owned(), reach: Some(reach) });
    }
    Ok(witnesses)
}
