//! The watched directories of this process, and what befalls a call for one of their files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CStr;
use std::os::fd::{OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;
use crate::fault::{Call, Fault, Files, Harm};
use crate::file::{FileState, SECTOR_BYTES};
use crate::kernel::{self, Errno, Identity};
use crate::names::{Names, Node};

static COUNT: AtomicUsize = AtomicUsize::new(0);
static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

/// A directory and everything that is known of it.
pub(crate) struct Watched {
    pub(crate) number: u64,
    pub(crate) root: PathBuf,
    /// What lay in it when the watch began, or was made anew.
    pub(crate) at_rest: BTreeSet<PathBuf>,
    pub(crate) files: Vec<FileState>,
    paths: Vec<PathBuf>,
    inodes: HashMap<Identity, usize>,
    /// Files that lost their names, held so that no other file gets their inodes.
    held: Vec<OwnedFd>,
    pub(crate) names: Names,
    pub(crate) faults: Vec<Fault>,
    pub(crate) struck: BTreeMap<(Harm, Files), u64>,
    pub(crate) calls: BTreeMap<PathBuf, u64>,
    pub(crate) chance: Chance,
    pub(crate) is_stopped: bool,
}

/// What a call comes to.
enum Fate {
    Passes,
    Fails(Errno),
    /// Only a part of the bytes is written.
    Short,
    /// Some sectors are written, and nothing more.
    Torn,
    /// It is said to be done.
    Lies,
}

/// Whether anything is watched; without the lock.
pub(crate) fn is_idle() -> bool {
    COUNT.load(Ordering::Acquire) == 0
}

pub(crate) fn all() -> MutexGuard<'static, Vec<Watched>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn begin(watched: Watched) {
    all().push(watched);
    COUNT.fetch_add(1, Ordering::AcqRel);
}

/// Watches a directory no more, and answers what was known of it.
pub(crate) fn end(number: u64) -> Option<Watched> {
    let mut all = all();
    let place = all.iter().position(|watched| watched.number == number)?;
    COUNT.fetch_sub(1, Ordering::AcqRel);
    Some(all.swap_remove(place))
}

/// What a call came to; none if it is for no watched file, so that the kernel is to be asked.
type Answered<T> = Option<Result<T, Errno>>;

pub(crate) fn open(at: RawFd, path: &CStr, flags: i32, mode: u32) -> Answered<RawFd> {
    let changes = kernel::may_write(flags);
    if is_idle() || !changes {
        return None;
    }
    let absolute = kernel::absolute(at, path)?;
    with_path(&absolute, |watched, name| watched.open(at, path, name, flags, mode))
}

/// Writes bytes at an offset, or where the descriptor stands.
pub(crate) fn write(descriptor: RawFd, bytes: &[u8], at: Option<usize>) -> Answered<usize> {
    with_file(descriptor, |watched, file| watched.write(descriptor, file, bytes, at))
}

pub(crate) fn set_length(descriptor: RawFd, length: usize) -> Answered<()> {
    with_file(descriptor, |watched, file| watched.set_length(descriptor, file, length))
}

/// Makes a file at least so long.
pub(crate) fn reserve(descriptor: RawFd, length: usize) -> Answered<()> {
    with_file(descriptor, |watched, file| {
        let length = length.max(watched.files[file].cached().len());
        watched.set_length(descriptor, file, length)
    })
}

pub(crate) fn sync(descriptor: RawFd) -> Answered<()> {
    if is_idle() {
        return None;
    }
    if let Some(directory) = kernel::directory(descriptor) {
        return with_path(&directory, Watched::sync_directory);
    }
    with_file(descriptor, Watched::sync)
}

pub(crate) fn unlink(at: RawFd, path: &CStr, flags: i32) -> Answered<()> {
    with_name(at, path, |watched, name| watched.remove(name, || kernel::unlink(at, path, flags)))
}

pub(crate) fn make_directory(at: RawFd, path: &CStr, mode: u32) -> Answered<()> {
    with_name(at, path, |watched, name| {
        watched.passes(Call::Create, name)?;
        kernel::make_directory(at, path, mode)?;
        watched.names.change(vec![(name.to_owned(), Some(Node::Directory))]);
        Ok(())
    })
}

pub(crate) fn rename(from_at: RawFd, from: &CStr, to_at: RawFd, to: &CStr) -> Answered<()> {
    if is_idle() {
        return None;
    }
    let target = kernel::absolute(to_at, to)?;
    with_name(from_at, from, |watched, name| {
        let Ok(target) = target.strip_prefix(&watched.root).map(Path::to_owned) else {
            return Err(kernel::OTHER_DEVICE);
        };
        watched.rename(name, target, || kernel::rename(from_at, from, to_at, to))
    })
}

/// Whether a descriptor is of a watched file.
pub(crate) fn knows(descriptor: RawFd) -> bool {
    with_file(descriptor, |_, _| Ok(())).is_some()
}

fn with_name<T>(
    at: RawFd,
    path: &CStr,
    work: impl FnOnce(&mut Watched, &Path) -> Result<T, Errno>,
) -> Answered<T> {
    if is_idle() {
        return None;
    }
    with_path(&kernel::absolute(at, path)?, work)
}

fn with_path<T>(
    path: &Path,
    work: impl FnOnce(&mut Watched, &Path) -> Result<T, Errno>,
) -> Answered<T> {
    let mut all = all();
    let watched = all.iter_mut().find(|watched| path.starts_with(&watched.root))?;
    let name = path.strip_prefix(&watched.root).ok()?.to_owned();
    // The index of SQLite's write-ahead log is memory, not durable state.
    if name.to_str().is_some_and(|name| name.ends_with("-shm")) {
        return None;
    }
    Some(work(watched, &name))
}

fn with_file<T>(
    descriptor: RawFd,
    work: impl FnOnce(&mut Watched, usize) -> Result<T, Errno>,
) -> Answered<T> {
    if is_idle() {
        return None;
    }
    let identity = kernel::identity(descriptor)?;
    let mut all = all();
    let (watched, file) = all.iter_mut().find_map(|watched| {
        let file = watched.inodes.get(&identity).copied()?;
        Some((watched, file))
    })?;
    Some(work(watched, file))
}

impl Watched {
    pub(crate) fn new(number: u64, root: PathBuf, at_rest: BTreeSet<PathBuf>) -> Self {
        Self {
            number,
            root,
            at_rest,
            files: Vec::new(),
            paths: Vec::new(),
            inodes: HashMap::new(),
            held: Vec::new(),
            names: Names::default(),
            faults: Vec::new(),
            struck: BTreeMap::new(),
            calls: BTreeMap::new(),
            chance: Chance::of(number),
            is_stopped: false,
        }
    }

    fn fate(&mut self, call: Call, name: &Path) -> Fate {
        *self.calls.entry(name.to_owned()).or_default() += 1;
        if self.is_stopped {
            return Fate::Fails(kernel::INPUT_OUTPUT);
        }
        let harm = self.faults.iter_mut().find_map(|fault| {
            if fault.times == 0 || !fault.harm.befalls(call) || !fault.files.has(name) {
                return None;
            }
            if fault.after > 0 {
                fault.after -= 1;
                return None;
            }
            fault.times -= 1;
            Some((fault.harm, fault.files))
        });
        let Some((harm, files)) = harm else { return Fate::Passes };
        *self.struck.entry((harm, files)).or_default() += 1;
        self.is_stopped |= matches!(harm, Harm::Stop | Harm::TornWrite);
        match harm {
            Harm::TornWrite => Fate::Torn,
            Harm::ShortWrite => Fate::Short,
            Harm::NoRoom => Fate::Fails(kernel::NO_ROOM),
            Harm::LyingSync => Fate::Lies,
            Harm::Stop | Harm::FailedWrite | Harm::FailedSync => Fate::Fails(kernel::INPUT_OUTPUT),
        }
    }

    /// For calls that happen or fail.
    fn passes(&mut self, call: Call, name: &Path) -> Result<(), Errno> {
        match self.fate(call, name) {
            Fate::Fails(error) => Err(error),
            _ => Ok(()),
        }
    }

    fn add(&mut self, file: FileState, name: &Path, identity: Identity) -> usize {
        self.files.push(file);
        self.paths.push(name.to_owned());
        let number = self.files.len() - 1;
        self.inodes.insert(identity, number);
        number
    }

    fn open(
        &mut self,
        at: RawFd,
        path: &CStr,
        name: &Path,
        flags: i32,
        mode: u32,
    ) -> Result<RawFd, Errno> {
        let is_new = kernel::may_create(flags) && !self.root.join(name).exists();
        if is_new {
            self.passes(Call::Create, name)?;
        } else if self.is_stopped {
            return Err(kernel::INPUT_OUTPUT);
        }
        let descriptor = kernel::open(at, path, kernel::without_emptying(flags), mode)?;
        let Some(identity) = kernel::identity(descriptor) else { return Ok(descriptor) };
        let file = if is_new {
            let file = self.add(FileState::default(), name, identity);
            self.names.change(vec![(name.to_owned(), Some(Node::File(file)))]);
            file
        } else if let Some(file) = self.inodes.get(&identity) {
            *file
        } else {
            let content = kernel::content(descriptor)?;
            let file = self.add(FileState::at_rest(content), name, identity);
            self.names.know(name, Node::File(file));
            file
        };
        if kernel::empties(flags) && !self.files[file].cached().is_empty() {
            self.set_length(descriptor, file, 0)?;
        }
        Ok(descriptor)
    }

    fn write(
        &mut self,
        descriptor: RawFd,
        file: usize,
        bytes: &[u8],
        at: Option<usize>,
    ) -> Result<usize, Errno> {
        let length = self.files[file].cached().len();
        let offset = match at {
            Some(offset) => offset,
            None => kernel::position(descriptor, length)?,
        };
        let grows = offset.saturating_add(bytes.len()) > length;
        let name = self.paths[file].clone();
        let count = match self.fate(Call::Write { grows }, &name) {
            Fate::Fails(error) => return Err(error),
            Fate::Torn => {
                self.tear(descriptor, file, bytes, offset)?;
                return Err(kernel::INPUT_OUTPUT);
            }
            Fate::Short if bytes.len() > 1 => 1 + self.chance.below(bytes.len() - 1),
            Fate::Short | Fate::Passes | Fate::Lies => bytes.len(),
        };
        let written = match at {
            Some(offset) => kernel::write_at(descriptor, &bytes[..count], offset)?,
            None => kernel::write(descriptor, &bytes[..count])?,
        };
        self.files[file].wrote(offset, &bytes[..written]);
        Ok(written)
    }

    /// Writes some sectors of a write: one at least, and not all if there are several.
    fn tear(
        &mut self,
        descriptor: RawFd,
        file: usize,
        bytes: &[u8],
        offset: usize,
    ) -> Result<(), Errno> {
        let first_end = SECTOR_BYTES - offset % SECTOR_BYTES;
        let starts = std::iter::once(0).chain((first_end..bytes.len()).step_by(SECTOR_BYTES));
        let ends = (first_end..bytes.len()).step_by(SECTOR_BYTES).chain([bytes.len()]);
        let pieces: Vec<_> = starts.zip(ends).collect();
        let (spared, lost) = (self.chance.below(pieces.len()), self.chance.below(pieces.len()));
        for (number, (start, end)) in pieces.into_iter().enumerate() {
            if number != spared && (number == lost || self.chance.coin()) {
                continue;
            }
            let (at, piece) = (offset + start, &bytes[start..end]);
            let written = kernel::write_at(descriptor, piece, at)?;
            self.files[file].wrote(at, &piece[..written]);
        }
        self.files[file].is_torn = true;
        Ok(())
    }

    fn set_length(&mut self, descriptor: RawFd, file: usize, length: usize) -> Result<(), Errno> {
        let name = self.paths[file].clone();
        self.passes(Call::Length, &name)?;
        kernel::set_length(descriptor, length)?;
        self.files[file].set_length(length);
        Ok(())
    }

    fn sync(&mut self, file: usize) -> Result<(), Errno> {
        let name = self.paths[file].clone();
        match self.fate(Call::Sync, &name) {
            Fate::Lies => {}
            Fate::Fails(error) => {
                if !self.is_stopped {
                    self.files[file].drop_unsynced();
                }
                return Err(error);
            }
            Fate::Passes | Fate::Short | Fate::Torn => self.files[file].sync(),
        }
        Ok(())
    }

    fn sync_directory(&mut self, name: &Path) -> Result<(), Errno> {
        match self.fate(Call::Sync, name) {
            Fate::Lies => Ok(()),
            Fate::Fails(error) => Err(error),
            Fate::Passes | Fate::Short | Fate::Torn => {
                self.names.sync(name);
                Ok(())
            }
        }
    }

    /// What a name stands for, also if nobody touched it before.
    fn node(&mut self, name: &Path) -> Result<Option<Node>, Errno> {
        if let Some(node) = self.names.get(name) {
            return Ok(Some(node));
        }
        let path = self.root.join(name);
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Ok(None) };
        let node = if metadata.is_dir() {
            Node::Directory
        } else {
            let (identity, content) = kernel::content_of(&path)?;
            Node::File(self.add(FileState::at_rest(content), name, identity))
        };
        self.names.know(name, node);
        Ok(Some(node))
    }

    fn hold(&self, name: &Path) -> Option<OwnedFd> {
        kernel::hold(&self.root.join(name)).ok()
    }

    fn remove(
        &mut self,
        name: &Path,
        remove: impl FnOnce() -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        if self.node(name)?.is_none() {
            return remove();
        }
        self.passes(Call::Name, name)?;
        let held = self.hold(name);
        remove()?;
        self.held.extend(held);
        self.names.change(vec![(name.to_owned(), None)]);
        Ok(())
    }

    fn rename(
        &mut self,
        name: &Path,
        target: PathBuf,
        rename: impl FnOnce() -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let Some(node) = self.node(name)? else { return rename() };
        self.node(&target)?;
        self.passes(Call::Name, name)?;
        let held = self.hold(&target);
        rename()?;
        self.held.extend(held);
        if let Node::File(file) = node {
            self.paths[file].clone_from(&target);
        }
        self.names.change(vec![(name.to_owned(), None), (target, Some(node))]);
        Ok(())
    }
}
