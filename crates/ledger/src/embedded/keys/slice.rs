//! A slice: names of an exact range of positions in an immutable sorted file.

use std::path::Path;
use std::time::SystemTime;

use scrip_core::{Digest, NameHash};

use super::Problem;
use super::column::Column;
use super::files;
use super::layout::{self, PAGE_BYTES};
use super::slice_file::SliceFile;
use crate::slot::Position;
use crate::work::StoreError;

/// An open slice. It stays readable after its file was removed.
#[derive(Debug)]
pub struct Slice {
    file: SliceFile,
    /// The beginning of the first name of every page.
    fence: Vec<u64>,
    /// How many rows its column's file has.
    rows: usize,
}

/// What was found by reading all of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceChecked {
    /// How many names it has.
    pub names: u64,
    /// How long its file is.
    pub bytes: u64,
}

impl Slice {
    pub(super) const fn new(file: SliceFile, fence: Vec<u64>, rows: usize) -> Self {
        Self { file, fence, rows }
    }

    /// Where the name is, if this slice knows it. A page that cannot be read, or is not what was
    /// written, is an error: it could have known the name.
    pub fn find(&self, name: &NameHash) -> Result<Option<Position>, StoreError> {
        let prefix = layout::prefix(name);
        let mut page = [0; PAGE_BYTES];
        let mut pages_left = self.fence.partition_point(|first| *first <= prefix) as u64;
        while let Some(number) = pages_left.checked_sub(1) {
            self.file.read_page(number, &mut page)?;
            let records = self.file.header().records_on(number);
            match layout::search(&page, records, name) {
                Ok(position) => return Ok(Some(position)),
                // All names of the page are greater, though its first begins alike.
                Err(0) => pages_left = number,
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Reads all names and the column's file, and compares them with each other and with what was
    /// written.
    pub fn check(&self) -> Result<SliceChecked, Problem> {
        let header = self.file.header();
        let found = SliceFile::open(self.file.path(), header.identity.ledger_id)?;
        if found.header() != header {
            return Err(Problem::damaged(self.file.path(), "is not the file that was opened"));
        }
        let mut column = Column::new(self.rows);
        let fence = found.read_all(|(name, _)| column.insert(&name))?;
        let directory = self.file.path().parent().unwrap_or(Path::new(""));
        let column_file = files::column_path(directory, self.number());
        let damaged = |what: String| Problem::damaged(&column_file, what);
        let (kept, kept_fence) = Column::read(directory, header, self.rows).map_err(damaged)?;
        if kept_fence != fence || self.fence != fence {
            return Err(damaged("the fence is not that of its slice".to_owned()));
        }
        if kept != column {
            return Err(damaged("the column is not that of its slice".to_owned()));
        }
        Ok(SliceChecked { names: header.count, bytes: header.file_bytes() })
    }

    /// All names in order, each with its position.
    #[cfg(test)]
    pub(super) const fn records(&self) -> super::slice_file::Records<'_> {
        self.file.records()
    }

    /// When its file was written.
    pub(super) fn written_at(&self) -> Result<SystemTime, StoreError> {
        let path = self.file.path();
        let written = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        written.map_err(|error| files::failed(path, &error))
    }

    /// The running number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.file.header().identity.number
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

    /// How long its files are, the slice's and its column's.
    pub(super) fn file_bytes(&self) -> u64 {
        let column = super::column::file_bytes(self.rows, self.fence.len());
        self.file.header().file_bytes() + column as u64
    }

    pub(super) const fn fence_bytes(&self) -> u64 {
        self.fence.len() as u64 * 8
    }
}
