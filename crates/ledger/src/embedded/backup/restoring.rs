//! Restoring a backup: a directory that goes on from where the backup ends, and says so.
//!
//! The directory may be a mounted volume, which cannot be replaced as a whole. So everything is
//! made in a folder of it, named so that nobody serves the directory as long as it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scrip_core::Timestamp;

use super::manifest::{Manifest, hexadecimal};
use super::{BackupError, BackupFile, BackupStage, LEDGER, LOCK, Proof, files, prove};
use crate::clock::SystemClock;
use crate::embedded::file::{self, DirectoryLock};
use crate::embedded::mark::{self, Mark};
use crate::embedded::reach::Reach;
use crate::embedded::tables::{self, incidents::IncidentKind};
use crate::embedded::{OpenError, StartCost, Verified};
use crate::slot::Position;
use crate::work::StoreError;

/// As long as it is in a directory, what else is there belongs to a restore that was not finished.
pub(in crate::embedded) const RESTORING: &str = "restoring";
/// What may be in a directory that is restored to: it says nothing of a ledger.
const HARMLESS: [&str; 2] = [LOCK, "lost+found"];

/// A directory that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup began.
    pub taken_at: Timestamp,
    /// The version of the binary that took it.
    pub scrip_version: String,
    /// Its rows; also the position of the last one.
    pub rows: Position,
    /// Its files.
    pub files: Vec<BackupFile>,
    /// What was recomputed, if it was.
    pub verified: Option<Verified>,
    /// What the first start costs by estimate: it makes wallets and names again.
    pub start: Duration,
}

/// Restores a backup into a directory that is not there, or is empty. The next start makes wallets
/// and names again from the rows. Rows and events that come from now on have other cursors than
/// those that were lost: nobody who saw these takes the new ones for known. `tell` is told how far
/// each stage is.
pub fn restore(
    backup: &Path,
    directory: &Path,
    proof: Proof,
    mut tell: impl FnMut(BackupStage, u64, u64),
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(backup)?;
    let taken_at = Timestamp::from_milliseconds(manifest.taken_at_milliseconds);
    let taken_at = taken_at.unwrap_or(Timestamp::NEVER);
    let site = Site::take(directory)?;
    site.copy(backup, &manifest.files, &mut tell)?;
    let verified = match proof {
        Proof::Recomputed => Some(prove(&site.staging, &mut tell)?),
        Proof::Checksums => None,
    };
    site.begin_anew(&manifest, taken_at)?;
    site.put()?;
    Ok(Restored {
        taken_at,
        scrip_version: manifest.scrip_version,
        rows: manifest.rows,
        files: manifest.files,
        verified,
        start: StartCost::of_all(manifest.rows),
    })
}

/// A directory that is restored to. Dropped before it is whole, everything in it is removed.
struct Site {
    directory: PathBuf,
    staging: PathBuf,
    is_new: bool,
    is_whole: bool,
    /// The last to go.
    _lock: DirectoryLock,
}

impl Site {
    fn take(directory: &Path) -> Result<Self, BackupError> {
        let is_new = !directory.exists();
        let staging = directory.join(RESTORING);
        let refuse = || match files::found_in(directory, &HARMLESS)? {
            Some(_) if staging.is_dir() => Ok(()),
            Some(found) => Err(BackupError::Taken { path: directory.to_owned(), found }),
            None => Ok(()),
        };
        // A server's directory is full: whoever holds it is told first.
        let lock = match directory.join(LOCK).exists() {
            true => Some(file::own_directory(directory)?),
            false => None,
        };
        refuse()?;
        let lock = lock.map_or_else(|| file::own_directory(directory), Ok)?;
        let directory = directory.to_owned();
        let site = Self { directory, staging, is_new, is_whole: false, _lock: lock };
        site.clear()?;
        fs::create_dir(&site.staging).map_err(|error| BackupError::io(&site.staging, error))?;
        site.sync()?;
        Ok(site)
    }

    /// Removes what a restore made, the folder that says so last.
    fn clear(&self) -> Result<(), BackupError> {
        if !self.staging.exists() {
            return Ok(());
        }
        let failed = |error| BackupError::io(&self.directory, error);
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if name != RESTORING && !HARMLESS.iter().any(|harmless| name == **harmless) {
                files::remove(&self.directory.join(name))?;
            }
        }
        self.sync()?;
        files::remove(&self.staging)
    }

    fn sync(&self) -> Result<(), BackupError> {
        let synced = file::sync_directory(&self.directory);
        synced.map_err(|error| BackupError::io(&self.directory, error))
    }

    fn copy(
        &self,
        backup: &Path,
        sealed: &[BackupFile],
        tell: &mut impl FnMut(BackupStage, u64, u64),
    ) -> Result<(), BackupError> {
        let (all, mut done) = (sealed.iter().map(|file| file.bytes).sum(), 0);
        for file in sealed {
            let to = self.staging.join(&file.name);
            files::copy_sealed(&backup.join(&file.name), &to, file, |bytes| {
                done += bytes;
                tell(BackupStage::Files, done, all);
            })?;
        }
        Ok(())
    }

    /// Makes of the copy a ledger that goes on from here: with a secret of its own, a word of what
    /// happened to it, and a mark.
    fn begin_anew(&self, manifest: &Manifest, taken_at: Timestamp) -> Result<(), BackupError> {
        let ledger = file::open_writer(&self.staging)?;
        let failed = |error: StoreError| BackupError::store(&self.staging, error);
        let position = tables::last_position(&ledger).map_err(failed)?;
        let hash = tables::row_hash(&ledger, position).map_err(failed)?;
        let end = Reach { position, hash: hash.unwrap_or(Reach::START.hash) };
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| OpenError::Random(error.to_string()))?;
        let now = SystemClock::of_machine().now();
        let details = format!(
            "from the backup of {taken_at}, which ends at row {}; what was acknowledged after it \
             is not here",
            manifest.rows
        );
        let write = || -> Result<(), StoreError> {
            ledger.execute_batch("begin immediate")?;
            file::put_secret(&ledger, secret)?;
            tables::insert_incident(&ledger, now, IncidentKind::Restored, None, &details)?;
            ledger.execute_batch("commit")?;
            // The file alone is put in its place.
            Ok(ledger.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?)
        };
        write().map_err(failed)?;
        let ledger_id = file::ledger_id(&ledger)?;
        ledger.close().map_err(|(_, error)| failed(error.into()))?;
        let is_it = end.position == manifest.rows
            && hexadecimal(end.hash.as_bytes()) == manifest.row_hash
            && hexadecimal(&ledger_id) == manifest.ledger_id;
        if !is_it {
            let what = "is not the ledger of which backup.json tells".to_owned();
            return Err(BackupError::Damaged { path: self.staging.join(LEDGER), what });
        }
        let reach =
            mark::Reach { ledger_id, position: end.position, row_hash: *end.hash.as_bytes() };
        Mark::reset(&self.staging, reach)
            .map(drop)
            .map_err(|error| BackupError::io(&self.staging, error))
    }

    /// Puts everything in its place. The directory is whole when the folder is gone.
    fn put(mut self) -> Result<(), BackupError> {
        let failed = |error| BackupError::io(&self.directory, error);
        for entry in fs::read_dir(&self.staging).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            fs::rename(entry.path(), self.directory.join(entry.file_name())).map_err(failed)?;
        }
        self.sync()?;
        fs::remove_dir(&self.staging).map_err(failed)?;
        self.is_whole = true;
        self.sync()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        // What cannot be removed is removed by the next restore, and served by nobody.
        let cleared = self.clear();
        if self.is_new && cleared.is_ok() {
            let _ = fs::remove_file(self.directory.join(LOCK));
            let _ = fs::remove_dir(&self.directory);
        }
    }
}
