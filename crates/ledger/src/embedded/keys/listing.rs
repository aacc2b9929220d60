//! What a start would find in the directory of names, without changing anything in it: it may be
//! in use.

use std::path::Path;

use super::filter::Filter;
use super::slice_file::SliceFile;
use super::slices::First;
use super::{Shape, files, retention};
use crate::slot::Position;

/// What the files of names say about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Slices that can be used.
    pub slices: u64,
    /// Their names together.
    pub names: u64,
    /// The names of the rows up to this position are in slices, or were dropped.
    pub until: Position,
    /// What their filter takes in memory.
    pub filter_bytes: u64,
    /// What their fences take in memory.
    pub fence_bytes: u64,
    /// The table that the last stop saved, if it continues the slices.
    pub saved: Option<Saved>,
}

/// A saved table of recent names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// How many names it has.
    pub names: u64,
    /// The last position that it covers.
    pub until: Position,
}

/// Reads the headers of all files.
pub fn list(directory: &Path, ledger_id: [u8; 16], filter_bytes_max: usize) -> Listed {
    let mut next = retention::read_first(directory, ledger_id).unwrap_or(First::OF_ALL);
    let (mut slices, mut names, mut pages) = (0, 0, 0);
    // A slice that cannot be used ends the list: a start uses none behind it.
    while let Ok(file) = SliceFile::open(&files::slice_path(directory, next.number), ledger_id) {
        let header = file.header();
        if header.identity.number != next.number || header.after != next.after {
            break;
        }
        slices += 1;
        names += header.count;
        pages += header.pages();
        next = First { number: next.number + 1, after: header.until };
    }
    let saved = SliceFile::open(&files::recent_path(directory), ledger_id).ok();
    let saved = saved.filter(|file| file.header().after == next.after);
    let columns = usize::try_from(slices).unwrap_or(usize::MAX);
    Listed {
        slices,
        names,
        until: next.after,
        filter_bytes: Filter::bytes_for(Shape::FULL.rows, columns, filter_bytes_max) as u64,
        fence_bytes: pages * 8,
        saved: saved.map(|file| Saved { names: file.header().count, until: file.header().until }),
    }
}

#[cfg(test)]
mod tests {
    use scrip_core::{Digest, NameHash};

    use super::super::KeyStore;
    use super::*;

    const LEDGER: [u8; 16] = [7; 16];
    const SHAPE: Shape = Shape { names_max: 400, rows: 1 << 10 };
    const HASH: Digest = Digest::from_bytes([9; 32]);

    /// Three slices of 400, 400 and 1 names, and 5 names that are saved.
    fn filled(directory: &Path) {
        let (store, _) = KeyStore::open_shaped(directory, LEDGER, 1 << 20, SHAPE).unwrap();
        let mut position = 0;
        for names in [400, 400, 1, 5] {
            let mut recent = store.new_recent(position);
            for _ in 0..names {
                position += 1;
                let name = NameHash(u128::from(position).to_be_bytes());
                recent.insert(name, position).unwrap();
            }
            position += 10;
            recent.advance(position);
            if names == 5 {
                store.save_recent(&recent, HASH).unwrap();
            } else {
                store.publish(store.write_slice(&recent, HASH).unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn what_a_start_would_use_is_listed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let nothing = list(path, LEDGER, 1 << 30);
        let none =
            Listed { slices: 0, names: 0, until: 0, filter_bytes: 0, fence_bytes: 0, saved: None };
        assert_eq!(nothing, none);
        filled(path);
        std::fs::write(path.join("0000000004.keys.tmp"), "unfinished").unwrap();
        let whole = Listed {
            slices: 3,
            names: 801,
            until: 831,
            // Eight columns of 2^24 bits.
            filter_bytes: 1 << 24,
            // 3 pages, 3 pages and 1 page.
            fence_bytes: 7 * 8,
            saved: Some(Saved { names: 5, until: 846 }),
        };
        assert_eq!(list(path, LEDGER, 1 << 30), whole);
        assert_eq!(list(path, LEDGER, 0).filter_bytes, 1 << 22, "folded twice");
        assert!(path.join("0000000004.keys.tmp").exists(), "a look removes nothing");
        assert_eq!(list(path, [8; 16], 1 << 30), none, "another ledger's");

        // What lies behind a slice that cannot be used is not used, nor what does not continue it.
        let second = files::slice_path(path, 2);
        let bytes = std::fs::read(&second).unwrap();
        std::fs::copy(files::slice_path(path, 3), &second).unwrap();
        let first =
            Listed { slices: 1, names: 400, until: 410, fence_bytes: 24, saved: None, ..whole };
        assert_eq!(list(path, LEDGER, 1 << 30), first, "the third under its name");
        std::fs::remove_file(&second).unwrap();
        assert_eq!(list(path, LEDGER, 1 << 30), first, "missing");
        std::fs::write(&second, bytes).unwrap();

        // Slices that were dropped are not missed.
        let (store, _) = KeyStore::open_shaped(path, LEDGER, 1 << 20, SHAPE).unwrap();
        assert_eq!(store.drop_slices(500).unwrap(), 1);
        let kept = Listed { slices: 2, names: 401, fence_bytes: 4 * 8, ..whole };
        assert_eq!(list(path, LEDGER, 1 << 30), kept);
    }
}
