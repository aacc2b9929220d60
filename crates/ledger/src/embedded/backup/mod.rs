//! Backups: a copy of a store, as of one moment, that says of itself what it holds and proves it.
//!
//! Only `ledger.db` cannot be made again, so that is what a backup is: the rows, which never
//! change, are copied stretch by stretch, and all else in one read transaction at the end. Whoever
//! serves the directory goes on meanwhile. A restored directory makes the rest again when it is
//! opened.

mod files;
mod ledger_copy;
mod manifest;
mod restoring;
mod taking;

use std::io;
use std::path::{Path, PathBuf};

use super::{Loss, OpenError};
use crate::slot::Position;
use crate::verifying::Findings;
use crate::work::StoreError;

pub use manifest::BackupFile;
pub(super) use manifest::MANIFEST;
pub(super) use restoring::RESTORING;
pub use restoring::{Restored, restore};
pub use taking::{BackedUp, back_up};

const LEDGER: &str = "ledger.db";
const LOCK: &str = "lock";
/// Beside `ledger.db`: the keys of the first start. Their hashes, which are what serves, lie in the
/// ledger; this is the one place that has them in clear, if their owner left it there.
const INITIAL_KEYS: &str = "initial-keys";

/// What a backup or a restore is doing, for whoever shows how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStage {
    /// Copying rows; counted in rows.
    Rows,
    /// Copying what stands beside the rows, as of one moment; counted in tables.
    Tables,
    /// Reading what was copied and adding up its checksums; counted in bytes.
    Files,
    /// Recomputing everything that was copied; counted in rows.
    Verifying,
}

/// Whether what was copied is recomputed, as `scrip verify` does, before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is: what is wrong fails the backup or the restore.
    Recomputed,
    /// Only the checksums of the files are compared.
    Checksums,
}

/// Why there is no backup, or none is restored. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("{path} has something in it: {found}. Name a directory that is empty or not there",
            path = path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// A whole directory is put in its place at the end, which cannot be done there.
    #[error("{path} is where a file system is mounted: name a directory in it",
            path = path.display())]
    MountPoint {
        /// The directory.
        path: PathBuf,
    },
    /// A backup inside of what it is a backup of is lost with it.
    #[error("{path} lies in the data directory: a backup there is lost with it",
            path = path.display())]
    Inside {
        /// Where it should have been.
        path: PathBuf,
    },
    /// There is no manifest.
    #[error("{path} is no backup, or none that was finished: it has no backup.json",
            path = path.display())]
    NoBackup {
        /// The directory.
        path: PathBuf,
    },
    /// The manifest cannot be believed.
    #[error("{path}: {what}", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// A file is not the one of which the manifest tells.
    #[error("the backup is damaged: {path} {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In what it differs.
        what: String,
    },
    /// The directory cannot be opened, or lost rows.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was copied is wrong.
    #[error("what was copied is wrong: {first}{more}", first = first_of(.0), more = more_of(.0))]
    Wrong(Findings),
    /// There is no room for it.
    #[error("the disk of {path} is full", path = path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl BackupError {
    fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, error },
        }
    }

    /// Of a database that is being written.
    fn store(path: &Path, error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::Full { path: path.to_owned() },
            error => Self::Open(error.into()),
        }
    }

    fn lost(loss: Loss) -> Self {
        Self::Open(OpenError::Lost(loss))
    }
}

fn first_of(findings: &Findings) -> String {
    findings.told.first().map_or_else(String::new, ToString::to_string)
}

fn more_of(findings: &Findings) -> String {
    let more = findings.told.len().saturating_sub(1) as u64 + findings.more;
    if more == 0 { String::new() } else { format!(", and {more} more") }
}

/// Recomputes everything of a copy.
fn prove(
    directory: &Path,
    tell: &mut impl FnMut(BackupStage, u64, u64),
) -> Result<super::Verified, BackupError> {
    let progress = |done: Position, all: Position| tell(BackupStage::Verifying, done, all);
    super::verify(directory, progress).map_err(|error| match error {
        super::VerifyError::Wrong(findings) => BackupError::Wrong(findings),
        super::VerifyError::Open(error) => BackupError::Open(error),
    })
}
