//! Looking at the files of names without changing anything, while somebody may be writing them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use scrip_core::Digest;

use super::column::{self, Column};
use super::files::{self, failed};
use super::slice_file::{Records, SliceFile};
use super::slices::First;
use super::{Problem, retention};
use crate::slot::Position;
use crate::work::StoreError;

/// Looks again when a file vanished or was replaced between listing and opening.
const TRIES: usize = 3;

/// A file of names, a slice or the table of the last stop. It stays readable after it was removed.
#[derive(Debug)]
pub struct NamesFile {
    file: SliceFile,
    is_slice: bool,
}

/// The files of names in a directory, slices in order, and what is wrong at first sight.
pub fn inspect(
    directory: &Path,
    ledger_id: [u8; 16],
) -> Result<(Vec<NamesFile>, Vec<Problem>), StoreError> {
    let mut found = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        if !directory.is_dir() {
            return Ok((Vec::new(), Vec::new()));
        }
        found = try_inspect(directory, ledger_id)?;
        if found.1.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn try_inspect(
    directory: &Path,
    ledger_id: [u8; 16],
) -> Result<(Vec<NamesFile>, Vec<Problem>), StoreError> {
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(|error| failed(directory, &error))? {
        let path = entry.map_err(|error| failed(directory, &error))?.path();
        numbers.extend(files::number_of(&path, files::SLICE));
    }
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut next = retention::read_first(directory, ledger_id).unwrap_or_else(|problem| {
        problems.push(problem);
        First::OF_ALL
    });
    let mut is_whole = true;
    for number in numbers.into_iter().filter(|number| *number >= next.number).collect::<Vec<_>>() {
        if number > next.number {
            let file = files::slice_path(directory, next.number);
            problems.push(Problem::Missing { file });
        }
        let path = files::slice_path(directory, number);
        // Nothing is known of where the one behind a gap should begin.
        let expected = (number == next.number).then_some(next.after).filter(|_| is_whole);
        next.number = number + 1;
        is_whole = false;
        let file = match SliceFile::open(&path, ledger_id) {
            Ok(file) => file,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let header = file.header();
        if header.identity.number != number {
            let what = format!("is slice {} under another name", header.identity.number);
            problems.push(Problem::damaged(&path, what));
            continue;
        }
        let after = header.after;
        if let Some(expected) = expected.filter(|expected| *expected != after) {
            problems.push(Problem::NotContiguous { file: path, after, expected });
        }
        (next.after, is_whole) = (header.until, true);
        found.push(NamesFile { file, is_slice: true });
    }
    let recent = files::recent_path(directory);
    if recent.exists() {
        match SliceFile::open(&recent, ledger_id) {
            Ok(file) => found.push(NamesFile { file, is_slice: false }),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((found, problems))
}

impl NamesFile {
    /// Reads all of it, and the column beside a slice, and compares them with what was written.
    pub fn check(&self) -> Result<(), Problem> {
        let result = self.check_all();
        // What was replaced or removed meanwhile is somebody else's to check.
        if result.is_err() && !self.is_in_place() { Ok(()) } else { result }
    }

    fn check_all(&self) -> Result<(), Problem> {
        if !self.is_slice {
            return self.file.read_all(|_| {}).map(drop);
        }
        let header = self.file.header();
        let directory = self.path().parent().unwrap_or(Path::new(""));
        let column_file = files::column_path(directory, header.identity.number);
        let rows = column::rows_of_file(&column_file).unwrap_or(64);
        let mut expected = Column::new(rows);
        let fence = self.file.read_all(|(name, _)| expected.insert(&name))?;
        let (kept, kept_fence) = Column::read(directory, header, rows)
            .map_err(|what| Problem::damaged(&column_file, what))?;
        if kept_fence != fence || kept != expected {
            return Err(Problem::damaged(&column_file, "is not the column of its slice"));
        }
        Ok(())
    }

    /// Whether the file is still where it was found, with its column.
    fn is_in_place(&self) -> bool {
        let header = self.file.header();
        SliceFile::open(self.path(), header.identity.ledger_id)
            .map_or_else(|_| self.path().exists(), |found| found.header() == header)
    }

    /// All names in order, each with its position.
    #[must_use]
    pub const fn records(&self) -> Records<'_> {
        self.file.records()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether it is a slice, and not the table of the last stop.
    #[must_use]
    pub const fn is_slice(&self) -> bool {
        self.is_slice
    }

    /// The position before the first that is covered.
    #[must_use]
    pub const fn after(&self) -> Position {
        self.file.header().after
    }

    /// The last position that is covered.
    #[must_use]
    pub const fn until(&self) -> Position {
        self.file.header().until
    }

    /// The hash of the row at `until`.
    #[must_use]
    pub const fn row_hash(&self) -> Digest {
        self.file.header().row_hash
    }

    /// How many names it has.
    #[must_use]
    pub const fn names(&self) -> u64 {
        self.file.header().count
    }
}
