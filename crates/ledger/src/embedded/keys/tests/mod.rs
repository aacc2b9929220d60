//! Tests of the names, in small sizes.

mod changing;
mod damage;
mod filter;
mod finding;
mod fuzz;
mod measures;
mod opening;
mod recent;
mod retention;
mod writing;

use std::collections::HashMap;
use std::path::PathBuf;

use scrip_core::{Digest, NameHash};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{KeyStore, Problem, Recent, Shape, files};
use crate::slot::Position;
use crate::work::StoreError;

/// Five pages and a part of one in a slice; as many bits for a name as in a full one.
const SMALL: Shape = Shape { names_max: 896, rows: 1 << 14 };
const LEDGER: [u8; 16] = [7; 16];
const MUCH: usize = usize::MAX;

/// A directory of names, and what must be found in it.
struct Store {
    directory: TempDir,
    keys: KeyStore,
    expected: HashMap<NameHash, Position>,
    end: Position,
}

impl Store {
    fn new() -> Self {
        Self::bounded(MUCH)
    }

    fn bounded(filter_bytes_max: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let opened = KeyStore::open_shaped(&path, LEDGER, filter_bytes_max, SMALL);
        let (keys, problems) = opened.unwrap();
        assert_eq!(problems, []);
        Self { directory, keys, expected: HashMap::new(), end: 0 }
    }

    fn with_slices(count: usize) -> Self {
        let mut store = Self::new();
        (0..count).for_each(|_| store.add_slice());
        store
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("keys")
    }

    fn slice_path(&self, number: u64) -> PathBuf {
        files::slice_path(&self.path(), number)
    }

    fn column_path(&self, number: u64) -> PathBuf {
        files::column_path(&self.path(), number)
    }

    /// Opens the directory again, as after a stop.
    fn reopen(&mut self) -> Vec<Problem> {
        self.reopen_bounded(MUCH)
    }

    fn reopen_bounded(&mut self, filter_bytes_max: usize) -> Vec<Problem> {
        let opened = KeyStore::open_shaped(&self.path(), LEDGER, filter_bytes_max, SMALL);
        let (keys, problems) = opened.unwrap();
        self.keys = keys;
        problems
    }

    /// A table of new names behind the last one; every third row has none.
    fn next_table(&mut self, names: usize) -> Recent {
        let mut recent = self.keys.new_recent(self.end);
        while recent.names() < names {
            self.end += 1;
            if self.end.is_multiple_of(3) {
                recent.advance(self.end);
            } else {
                recent.insert(name(self.end), self.end).unwrap();
                self.expected.insert(name(self.end), self.end);
            }
        }
        recent
    }

    fn add_slice(&mut self) {
        let recent = self.next_table(SMALL.names_max);
        self.publish(&recent);
    }

    fn publish(&self, recent: &Recent) {
        let written = self.keys.write_slice(recent, row_hash(recent.until())).unwrap();
        self.keys.publish(written).unwrap();
    }

    /// All that is expected up to this position is found, nothing behind it. Of many names some
    /// hundred are looked for.
    fn check_found_until(&self, until: Position) {
        let slices = self.keys.slices();
        assert_eq!(slices.covered_until(), until);
        let mut expected: Vec<_> = self.expected.iter().collect();
        expected.sort_by_key(|(_, position)| **position);
        for (name, position) in expected.iter().step_by(1 + expected.len() / 500) {
            let (name, position) = (*name, *position);
            let expected = Some(*position).filter(|position| *position <= until);
            assert_eq!(slices.find(name), Ok(expected), "the name at {position}");
        }
    }

    fn check_all_found(&self) {
        self.check_found_until(self.end);
        for slice in self.keys.slices().iter() {
            assert_eq!(slice.check().unwrap().names, slice.names());
        }
    }

    /// The names of the files.
    fn listing(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn name(number: u64) -> NameHash {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(number.to_le_bytes())[..16]);
    NameHash(half)
}

fn row_hash(position: Position) -> Digest {
    Digest::from_bytes(Sha256::digest(position.to_be_bytes()).into())
}

/// Changes the bytes of a file.
fn change(path: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}
