//! The store of names: what is current, and the changes of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use scrip_core::Digest;

use super::filter::Filter;
use super::layout::Identity;
use super::opening::{self, Reach};
use super::slice_file::SliceFile;
use super::writing::{self, Plan};
use super::{Problem, Recent, Shape, Slices, Written, files};
use crate::slot::Position;
use crate::work::StoreError;

/// The names of a ledger that are older than its tables in memory, in a directory of their own.
///
/// Readers take [`KeyStore::slices`] and go on with it. One slice is written at a time, by a thread
/// that may wait.
pub struct KeyStore {
    pub(super) directory: PathBuf,
    ledger_id: [u8; 16],
    shape: Shape,
    filter_bytes_max: usize,
    reaches: Vec<Reach>,
    /// Files that were found and cannot be used, by their numbers.
    unused: Mutex<BTreeSet<u64>>,
    current: RwLock<Arc<Slices>>,
    /// Held by whoever makes the next generation.
    changing: Mutex<()>,
}

/// How large everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// How many slices there are.
    pub slices: usize,
    /// Their names together.
    pub names: u64,
    /// Their files together, with their columns.
    pub file_bytes: u64,
    /// The filter, in memory.
    pub filter_bytes: usize,
    /// Bits of the filter for each name of a full slice; 18 if it was never folded.
    pub filter_bits_per_name: usize,
    /// The fences, in memory.
    pub fence_bytes: u64,
}

impl KeyStore {
    /// Opens a directory, or makes it, for slices of so many names, or of as many as is best. The
    /// slices of a directory must all be of one size. The problems say what cannot be used; the names of the rows
    /// behind [`Slices::covered_until`] must be inserted again.
    pub fn open(
        directory: &Path,
        ledger_id: [u8; 16],
        filter_bytes_max: usize,
        names_max: Option<usize>,
    ) -> Result<(Self, Vec<Problem>), StoreError> {
        let shape = names_max.map_or(Shape::FULL, Shape::of_names);
        Self::open_shaped(directory, ledger_id, filter_bytes_max, shape)
    }

    pub(super) fn open_shaped(
        directory: &Path,
        ledger_id: [u8; 16],
        filter_bytes_max: usize,
        shape: Shape,
    ) -> Result<(Self, Vec<Problem>), StoreError> {
        let found = opening::open(directory, ledger_id, filter_bytes_max, shape)?;
        let store = Self {
            directory: directory.to_owned(),
            ledger_id,
            shape,
            filter_bytes_max,
            reaches: found.reaches,
            unused: Mutex::new(found.unused),
            current: RwLock::new(Arc::new(found.slices)),
            changing: Mutex::default(),
        };
        Ok((store, found.problems))
    }

    /// The current generation of slices.
    pub fn slices(&self) -> Arc<Slices> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far the ledger reached once, as every intact file tells it, used or not. A ledger that
    /// ends before one of these, or has another row there, has lost rows.
    pub fn reaches(&self) -> &[Reach] {
        &self.reaches
    }

    /// An empty table with room for a slice's names.
    pub fn new_recent(&self, after: Position) -> Recent {
        Recent::new(self.shape.names_max, after)
    }

    /// The table that was saved at the last stop, if it continues the slices and the ledger has all
    /// its rows; otherwise an empty one. The names of rows behind its end must be inserted again.
    pub fn load_recent(&self, ledger_end: Position) -> (Recent, Option<Problem>) {
        let mut recent = self.new_recent(self.slices().covered_until());
        let problem = match self.read_recent(&mut recent, ledger_end) {
            Ok(()) => return (recent, None),
            Err(problem) => problem,
        };
        (self.new_recent(self.slices().covered_until()), problem)
    }

    fn read_recent(&self, into: &mut Recent, ledger_end: Position) -> Result<(), Option<Problem>> {
        let path = files::recent_path(&self.directory);
        if !path.exists() {
            return Ok(());
        }
        let file = SliceFile::open(&path, self.ledger_id).map_err(Some)?;
        let (after, until) = (file.header().after, file.header().until);
        if after != into.after() {
            return Err(Some(Problem::NotContiguous { file: path, after, expected: into.after() }));
        }
        if until > ledger_end {
            return Err(Some(Problem::AheadOfLedger { file: path, until, end: ledger_end }));
        }
        let mut refused = None;
        file.read_all(|(name, position)| {
            refused = refused.or(into.insert_beyond(name, position).err())
        })
        .map_err(Some)?;
        into.advance(until);
        match refused {
            None => Ok(()),
            Some(reason) => Err(Some(Problem::damaged(&path, reason.to_string()))),
        }
    }

    /// Saves the table for the next start, at a stop. The hash is that of the row where it ends.
    pub fn save_recent(&self, recent: &Recent, row_hash: Digest) -> Result<(), StoreError> {
        let _guard = self.change();
        let slices = self.slices();
        check_continues(&slices, recent.after())?;
        let identity = Identity { ledger_id: self.ledger_id, number: slices.next_number() };
        let path = files::recent_path(&self.directory);
        let (file, _) = writing::write_names(path, identity, recent, &recent.sorted(), row_hash)?;
        file.place()?;
        files::sync_directory(&self.directory)
    }

    /// Makes a durable slice of a table that continues the slices. After an error nothing of it is
    /// left, and it can be tried again. The hash is that of the row where the table ends.
    pub fn write_slice(&self, frozen: &Recent, row_hash: Digest) -> Result<Written, StoreError> {
        let _guard = self.change();
        let slices = self.slices();
        check_continues(&slices, frozen.after())?;
        let number = slices.next_number();
        let plan = Plan {
            directory: self.directory.clone(),
            identity: Identity { ledger_id: self.ledger_id, number },
            shape: self.shape,
        };
        let written = plan.write(frozen, row_hash)?;
        self.unused.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        Ok(written)
    }

    /// Makes the generation in which the slice is found. The table it was made of may be dropped
    /// in the instant in which a reader takes this generation instead of the one before.
    pub fn publish(&self, written: Written) -> Result<Arc<Slices>, StoreError> {
        let _guard = self.change();
        let Written { slice, column } = written;
        let slices = self.slices();
        check_continues(&slices, slice.after())?;
        let index = slices.free_column();
        let filter = match slices.filter() {
            Some(filter) if index < filter.width() => Arc::clone(filter),
            Some(filter) => Arc::new(filter.widened(index + 1, self.filter_bytes_max)),
            None => Arc::new(Filter::new(self.shape.rows, index + 1, self.filter_bytes_max)),
        };
        filter.set(index, column);
        Ok(self.make_current(slices.with(Arc::new(slice), index, filter)))
    }

    /// Removes the slices that were found and could not be used. To be done when the ledger was
    /// compared with [`KeyStore::reaches`], because they are what tells of a loss.
    pub fn discard_unused(&self) -> Result<(), StoreError> {
        let _guard = self.change();
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(number) = unused.first().copied() {
            files::remove_slice(&self.directory, number)?;
            unused.remove(&number);
        }
        Ok(())
    }

    /// How large everything is.
    pub fn stats(&self) -> Stats {
        let slices = self.slices();
        let filter = slices.filter();
        Stats {
            slices: slices.iter().count(),
            names: slices.iter().map(|slice| slice.names()).sum(),
            file_bytes: slices.iter().map(|slice| slice.file_bytes()).sum(),
            filter_bytes: filter.map_or(0, |filter| filter.bytes()),
            filter_bits_per_name: filter.map_or(0, |filter| filter.rows() / self.shape.names_max),
            fence_bytes: slices.iter().map(|slice| slice.fence_bytes()).sum(),
        }
    }

    pub(super) const fn ledger_id(&self) -> [u8; 16] {
        self.ledger_id
    }

    pub(super) const fn shape(&self) -> Shape {
        self.shape
    }

    pub(super) fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn make_current(&self, slices: Slices) -> Arc<Slices> {
        let next = Arc::new(slices);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        next
    }
}

fn check_continues(slices: &Slices, after: Position) -> Result<(), StoreError> {
    let end = slices.covered_until();
    if after == end {
        return Ok(());
    }
    let what = format!("names behind position {after} do not continue slices that end at {end}");
    Err(StoreError::Failed(what))
}
