//! What a start finds in the directory of names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrip_core::Digest;

use super::column::Column;
use super::files::{self, failed};
use super::filter::Filter;
use super::slice_file::SliceFile;
use super::slices::First;
use super::{Problem, Shape, Slice, Slices, retention, writing};
use crate::slot::Position;
use crate::work::StoreError;

/// How far the ledger reached when a file was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The file that tells it.
    pub file: PathBuf,
    /// The position of a row of the ledger.
    pub until: Position,
    /// Its hash.
    pub row_hash: Digest,
}

pub(super) struct Found {
    pub slices: Slices,
    pub problems: Vec<Problem>,
    pub reaches: Vec<Reach>,
    /// The numbers of slices that are there and cannot be used.
    pub unused: BTreeSet<u64>,
}

/// The numbers of the files.
struct Listing {
    slices: BTreeSet<u64>,
    columns: BTreeSet<u64>,
}

pub(super) fn open(
    directory: &Path,
    ledger_id: [u8; 16],
    filter_bytes_max: usize,
    shape: Shape,
) -> Result<Found, StoreError> {
    make(directory)?;
    let mut listing = tidy(directory)?;
    let (first, problem) = match retention::read_first(directory, ledger_id) {
        Ok(first) => (first, None),
        Err(problem) => (First::OF_ALL, Some(problem)),
    };
    for number in &listing.slices {
        // What was being dropped when the process ended.
        if *number < first.number {
            files::remove_slice(directory, *number)?;
        }
    }
    listing.slices.retain(|number| *number >= first.number);
    let mut opening = Opening {
        directory,
        ledger_id,
        shape,
        problems: problem.into_iter().collect(),
        reaches: Vec::new(),
    };
    let usable = opening.read_headers(first, &listing);
    let (list, filter) = opening.read_columns(usable, filter_bytes_max);
    opening.reach_of_recent();
    let unused = listing.slices.into_iter().skip(list.len()).collect();
    let Opening { problems, reaches, .. } = opening;
    Ok(Found { slices: Slices::opened(first, list, filter), problems, reaches, unused })
}

fn make(directory: &Path) -> Result<(), StoreError> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
    directory.parent().map_or(Ok(()), files::sync_directory)
}

/// Lists the files, and removes what a crash left behind: files that were not finished, and columns
/// whose slices were not placed.
fn tidy(directory: &Path) -> Result<Listing, StoreError> {
    let mut listing = Listing { slices: BTreeSet::new(), columns: BTreeSet::new() };
    for entry in fs::read_dir(directory).map_err(|error| failed(directory, &error))? {
        let path = entry.map_err(|error| failed(directory, &error))?.path();
        if path.extension().is_some_and(|extension| extension == files::UNFINISHED) {
            files::remove(&path)?;
        }
        listing.slices.extend(files::number_of(&path, files::SLICE));
        listing.columns.extend(files::number_of(&path, files::COLUMN));
    }
    for number in listing.columns.difference(&listing.slices) {
        files::remove(&files::column_path(directory, *number))?;
    }
    Ok(listing)
}

struct Opening<'a> {
    directory: &'a Path,
    ledger_id: [u8; 16],
    shape: Shape,
    problems: Vec<Problem>,
    reaches: Vec<Reach>,
}

impl Opening<'_> {
    /// The files that can be used: intact and without a gap.
    fn read_headers(&mut self, first: First, listing: &Listing) -> Vec<SliceFile> {
        let mut usable = Vec::new();
        let mut next = Some(first);
        for number in listing.slices.iter().copied() {
            if let Some(missing) = next.filter(|next| next.number != number) {
                let file = files::slice_path(self.directory, missing.number);
                self.problems.push(Problem::Missing { file });
                next = None;
            }
            match self.read_header(number, next) {
                Ok(file) => {
                    next = Some(First { number: number + 1, after: file.header().until });
                    usable.push(file);
                }
                Err(problem) => {
                    self.problems.push(problem);
                    next = None;
                }
            }
        }
        usable
    }

    fn read_header(&mut self, number: u64, next: Option<First>) -> Result<SliceFile, Problem> {
        let path = files::slice_path(self.directory, number);
        let file = SliceFile::open(&path, self.ledger_id)?;
        let header = file.header();
        if header.identity.number != number {
            let what = format!("is slice {} under another name", header.identity.number);
            return Err(Problem::damaged(&path, what));
        }
        self.reaches.push(Reach::of(&file));
        match next {
            None => Err(Problem::BehindGap { file: path }),
            Some(next) if next.after != header.after => Err(Problem::NotContiguous {
                file: path,
                after: header.after,
                expected: next.after,
            }),
            Some(_) => Ok(file),
        }
    }

    /// Lays out the filter, 64 columns at a time, so that no more than these are in memory beside
    /// it.
    fn read_columns(
        &mut self,
        usable: Vec<SliceFile>,
        filter_bytes_max: usize,
    ) -> (Vec<Arc<Slice>>, Option<Filter>) {
        let mut list = Vec::with_capacity(usable.len());
        if usable.is_empty() {
            return (list, None);
        }
        let filter = Filter::new(self.shape.rows, usable.len(), filter_bytes_max);
        let mut waiting = usable.into_iter();
        for chunk in 0..filter.chunks() {
            let mut columns = Vec::new();
            for file in waiting.by_ref().take(64) {
                match self.read_column(&file) {
                    Ok((column, fence)) => {
                        columns.push(column);
                        list.push(Arc::new(Slice::new(file, fence, self.shape.rows)));
                    }
                    Err(problem) => {
                        self.problems.push(problem);
                        self.problems.extend(
                            waiting
                                .by_ref()
                                .map(|file| Problem::BehindGap { file: file.path().to_owned() }),
                        );
                        break;
                    }
                }
            }
            filter.set_chunk(chunk, columns);
        }
        let filter = if list.is_empty() { None } else { Some(filter) };
        (list, filter)
    }

    /// A slice's column and fence, from its file or, if that cannot be used, from the slice.
    fn read_column(&mut self, file: &SliceFile) -> Result<(Column, Vec<u64>), Problem> {
        let header = file.header();
        let mut what = match Column::read(self.directory, header, self.shape.rows) {
            Ok(found) => return Ok(found),
            Err(what) => what,
        };
        let mut column = Column::new(self.shape.rows);
        let fence = file.read_all(|(name, _)| column.insert(&name))?;
        let path = files::column_path(self.directory, header.identity.number);
        let written = writing::write_column(path.clone(), &column, header, &fence)
            .and_then(files::Unplaced::place)
            .and_then(|_| files::sync_directory(self.directory));
        if let Err(error) = written {
            what = format!("{what}, and writing it again failed: {error}");
        }
        self.problems.push(Problem::ColumnRebuilt { file: path, what });
        Ok((column, fence))
    }

    fn reach_of_recent(&mut self) {
        let path = files::recent_path(self.directory);
        if let Ok(file) = SliceFile::open(&path, self.ledger_id) {
            self.reaches.push(Reach::of(&file));
        }
    }
}

impl Reach {
    fn of(file: &SliceFile) -> Self {
        let header = file.header();
        Self { file: file.path().to_owned(), until: header.until, row_hash: header.row_hash }
    }
}
