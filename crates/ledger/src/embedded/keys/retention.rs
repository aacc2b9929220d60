//! Forgetting the oldest slices.
//!
//! A small file says where the slices that are kept begin, and is durable before anything is
//! removed. Without it a lost first slice would look like one that was dropped.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::files::{self, Unplaced};
use super::slices::First;
use super::{KeyStore, Problem};
use crate::slot::Position;
use crate::work::StoreError;

const MAGIC: [u8; 8] = *b"scripdrp";
const VERSION: u32 = 1;

impl KeyStore {
    /// Forgets the slices that end at this position or before it, and answers how many these were.
    pub fn drop_slices(&self, until: Position) -> Result<usize, StoreError> {
        let _guard = self.change();
        let slices = self.slices();
        let is_old = |slice: &&super::Slice| slice.until() <= until;
        let Some(last) = slices.iter().take_while(is_old).last() else { return Ok(0) };
        let first = First { number: last.number() + 1, after: last.until() };
        self.write_first(first)?;
        let (next, freed) = slices.without_older(first);
        if let Some(filter) = self.make_current(next).filter() {
            freed.iter().for_each(|column| filter.clear(*column));
        }
        for slice in slices.iter().take_while(is_old) {
            files::remove_slice(&self.directory, slice.number())?;
        }
        Ok(freed.len())
    }

    /// Forgets the oldest slices whose files were written before an instant, and answers how many
    /// these were. A slice that was made again is as young as its file.
    pub fn drop_slices_of_before(&self, before: SystemTime) -> Result<usize, StoreError> {
        let mut until = None;
        for slice in self.slices().iter() {
            if slice.written_at()? >= before {
                break;
            }
            until = Some(slice.until());
        }
        until.map_or(Ok(0), |until| self.drop_slices(until))
    }

    fn write_first(&self, first: First) -> Result<(), StoreError> {
        let path = files::dropped_path(&self.directory);
        let file = Unplaced::write(path, 0, |out| {
            out.write_all(&pack(self.ledger_id(), first))?;
            Ok(Vec::new())
        })?;
        file.place()?;
        files::sync_directory(&self.directory)
    }
}

/// Where the slices that are kept begin.
pub(super) fn read_first(directory: &Path, ledger_id: [u8; 16]) -> Result<First, Problem> {
    let path = files::dropped_path(directory);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(First::OF_ALL),
        Err(error) => return Err(Problem::unreadable(&path, error)),
    };
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 8).and_then(<[u8]>::first_chunk::<8>);
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let first = First { number: number(28), after: number(36) };
    if bytes == pack(ledger_id, first) {
        Ok(first)
    } else {
        Err(Problem::damaged(&path, "is not what was written for this ledger"))
    }
}

pub(super) fn pack(ledger_id: [u8; 16], first: First) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(ledger_id);
    bytes.extend(first.number.to_le_bytes());
    bytes.extend(first.after.to_le_bytes());
    bytes.extend(Sha256::digest(&bytes));
    bytes
}
