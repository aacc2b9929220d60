//! Faults below everything that writes files, for the process that links this crate.
//!
//! The C library's calls that change files are defined here, so that Rust's standard library and
//! SQLite go through them ([`kernel`]). For a watched directory each file is known three times: what
//! its last sync made durable, what is read from it, and the writes in between. Nothing is really
//! synced, which is why thousands of lives of a directory fit into a minute.
//!
//! A process that ends leaves what is read ([`Disk::restart`]). A loss of power leaves what is
//! durable and, by chance, some of the rest ([`Disk::crash`]).

#![cfg(target_os = "linux")]

mod chance;
mod fault;
mod file;
mod kernel;
mod names;
mod rest;
mod watching;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub use fault::{Fault, Files, Harm};
pub use rest::{Flipped, flip_bit};

use watching::Watched;

/// A directory whose files are watched, until it is dropped.
#[derive(Debug)]
pub struct Disk {
    number: u64,
    root: PathBuf,
}

/// What a loss of power left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crashed {
    /// Sectors of 512 bytes that were written and are lost, counted for each write.
    pub sectors: usize,
    /// Writes of which some sectors are there and others are not.
    pub writes_torn: usize,
    /// Names that came or went and did not.
    pub names: usize,
}

/// Why a disk is not what it was taken for.
#[derive(Debug)]
pub enum DiskError {
    /// A file is still open, so nobody can end here.
    StillOpen(PathBuf),
    /// A file changed past this crate.
    Bypassed(PathBuf),
    /// The directory cannot be read or written.
    Io(std::io::Error),
}

impl std::fmt::Display for DiskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StillOpen(path) => write!(f, "{} is still open", path.display()),
            Self::Bypassed(path) => write!(f, "{} changed unseen", path.display()),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DiskError {}

impl From<std::io::Error> for DiskError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

static DISKS: AtomicU64 = AtomicU64::new(1);

impl Disk {
    /// Watches a directory, in which nobody has a file open. What lies in it is durable.
    pub fn watch(directory: &Path) -> std::io::Result<Self> {
        let root = directory.canonicalize()?;
        let at_rest = rest::files_of(&root)?;
        let number = DISKS.fetch_add(1, Ordering::Relaxed);
        watching::begin(Watched::new(number, root.clone(), at_rest));
        Ok(Self { number, root })
    }

    /// Something is to go wrong. Its calls are counted from here on.
    pub fn plan(&self, fault: Fault) {
        self.with(|watched| watched.faults.push(fault));
    }

    /// Nothing more goes wrong.
    pub fn mend(&self) {
        self.with(|watched| watched.faults.clear());
    }

    /// The process ends here: every call from now on that would change something fails.
    pub fn stop(&self) {
        self.with(|watched| watched.is_stopped = true);
    }

    /// Whether it ended.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.with(|watched| watched.is_stopped).unwrap_or_default()
    }

    /// What went wrong since the last [`Disk::crash`] or [`Disk::restart`], with which files, and how
    /// often.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<(Harm, Files), u64> {
        self.with(|watched| watched.struck.clone()).unwrap_or_default()
    }

    /// Calls for some files since then that changed something, made it durable, or failed to.
    #[must_use]
    pub fn calls(&self, files: Files) -> u64 {
        let count = |watched: &mut Watched| {
            let calls = watched.calls.iter().filter(|(name, _)| files.has(name));
            calls.map(|(_, calls)| calls).sum()
        };
        self.with(count).unwrap_or_default()
    }

    /// The process ended and the machine did not: what was written is read by the next one, synced
    /// or not.
    pub fn restart(&self) -> Result<(), DiskError> {
        rest::check_closed(&self.root)?;
        self.aside(|watched| {
            rest::check_seen(watched)?;
            forget_life(watched);
            Ok(())
        })
    }

    /// The power failed: makes the directory what the disk may hold, by a seed. What it holds is
    /// durable then.
    pub fn crash(&self, seed: u64) -> Result<Crashed, DiskError> {
        rest::check_closed(&self.root)?;
        self.aside(|watched| {
            rest::check_seen(watched)?;
            let crashed = rest::lose_power(watched, seed)?;
            let at_rest = rest::files_of(&self.root)?;
            *watched = Watched::new(self.number, self.root.clone(), at_rest);
            Ok(crashed)
        })
    }

    /// What lies in the directory is durable, whoever put it there. Nobody has a file of it open.
    pub fn settle(&self) -> Result<(), DiskError> {
        rest::check_closed(&self.root)?;
        self.aside(|watched| {
            let at_rest = rest::files_of(&self.root)?;
            *watched = Watched::new(self.number, self.root.clone(), at_rest);
            Ok(())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Watched) -> T) -> Option<T> {
        let mut all = watching::all();
        all.iter_mut().find(|watched| watched.number == self.number).map(work)
    }

    /// Works on a directory that is not watched meanwhile.
    fn aside<T>(
        &self,
        work: impl FnOnce(&mut Watched) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        let mut watched = watching::end(self.number)
            .ok_or_else(|| DiskError::Io(std::io::ErrorKind::NotFound.into()))?;
        let result = work(&mut watched);
        watching::begin(watched);
        result
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        watching::end(self.number);
    }
}

fn forget_life(watched: &mut Watched) {
    watched.faults.clear();
    watched.struck.clear();
    watched.calls.clear();
    watched.is_stopped = false;
}
