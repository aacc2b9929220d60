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
