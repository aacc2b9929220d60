//! Taking a backup.

use std::fs;
use std::path::{Path, PathBuf};

use scrip_core::Timestamp;

use super::ledger_copy::{Finished, LedgerCopy};
use super::manifest::{Contents, MANIFEST, Manifest};
use super::{
    BackupError, BackupFile, BackupStage, INITIAL_KEYS, LEDGER, LOCK, Proof, files, prove,
};
use crate::clock::SystemClock;
use crate::embedded::file::{self, DirectoryLock};
use crate::embedded::{OpenError, Verified, evidence};
use crate::slot::Position;

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// When it began: whatever was acknowledged before is in it.
    pub began: Timestamp,
    /// Its rows; also the position of the last one.
    pub rows: Position,
    /// Its files, but for the manifest.
    pub files: Vec<BackupFile>,
    /// What of it was recomputed, if it was.
    pub verified: Option<Verified>,
}

/// Takes a backup of a directory, which may be in use: a directory `to` that is not there yet, or
/// is empty. It stands beside its place under another name until it is whole and durable; one that
/// was interrupted is begun anew. `tell` is told how far each stage is.
pub fn back_up(
    directory: &Path,
    to: &Path,
    proof: Proof,
    mut tell: impl FnMut(BackupStage, u64, u64),
) -> Result<BackedUp, BackupError> {
    let began = SystemClock::of_machine().now();
    let ledger_id = examine(directory)?;
    let place = Place::find(directory, to)?;
    let staging = Staging::make(&place)?;
    let path = staging.path.join(LEDGER);
    // Read before the rows, which must then bear them out.
    let witnesses = evidence::witnesses_in_use(directory, ledger_id)
        .map_err(|error| BackupError::Open(error.into()))?;
    let Finished { connection, end } = copy_ledger(directory, &path, began, &mut tell)?;
    let loss = evidence::compare(&connection, witnesses);
    if let Some(loss) = loss.map_err(|error| BackupError::store(&path, error))? {
        return Err(BackupError::lost(loss));
    }
    connection.close().map_err(|(_, error)| BackupError::store(&path, error.into()))?;
    let mut names = vec![LEDGER];
    if copy_initial_keys(directory, &staging.path)? {
        names.push(INITIAL_KEYS);
    }
    let files = seal_all(&staging.path, &names, &mut tell)?;
    let verified = match proof {
        Proof::Recomputed => Some(prove(&staging.path, &mut tell)?),
        Proof::Checksums => None,
    };
    let manifest = Manifest::of(Contents {
        taken_at_milliseconds: began.milliseconds(),
        ledger_id,
        rows: end.position,
        row_hash: *end.hash.as_bytes(),
        is_verified: verified.is_some(),
        files: files.clone(),
    });
    staging.put(&manifest, &place)?;
    Ok(BackedUp { began, rows: end.position, files, verified })
}

/// What names the ledger of a directory, if it can be backed up.
fn examine(directory: &Path) -> Result<[u8; 16], BackupError> {
    evidence::check_presence(directory)?;
    let reader = file::open_reader(directory)?;
    file::check_whole(&reader, directory)?;
    Ok(file::ledger_id(&reader)?)
}

fn copy_ledger(
    directory: &Path,
    path: &Path,
    began: Timestamp,
    tell: &mut impl FnMut(BackupStage, u64, u64),
) -> Result<Finished, BackupError> {
    let failed = |error| BackupError::store(path, error);
    files::make_private(path)?;
    let mut copy = LedgerCopy::begin(directory, path).map_err(|error| match error {
        OpenError::Sqlite(error) => failed(error.into()),
        error => BackupError::Open(error),
    })?;
    copy.copy_rows(tell).map_err(failed)?;
    copy.finish(began, tell).map_err(failed)
}

/// Whether there are any.
fn copy_initial_keys(directory: &Path, to: &Path) -> Result<bool, BackupError> {
    let path = directory.join(INITIAL_KEYS);
    match fs::read(&path) {
        Ok(bytes) => files::write(&to.join(INITIAL_KEYS), &bytes).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(BackupError::io(&path, error)),
    }
}

fn seal_all(
    directory: &Path,
    names: &[&str],
    tell: &mut impl FnMut(BackupStage, u64, u64),
) -> Result<Vec<BackupFile>, BackupError> {
    let length = |name: &&str| fs::metadata(directory.join(name)).map_or(0, |it| it.len());
    let (all, mut done) = (names.iter().map(length).sum(), 0);
    let mut sealed = Vec::with_capacity(names.len());
    for name in names {
        sealed.push(files::seal(&directory.join(name), name, |bytes| {
            done += bytes;
            tell(BackupStage::Files, done, all);
        })?);
    }
    Ok(sealed)
}

/// Where a backup goes.
struct Place {
    /// Its own, absolute.
    path: PathBuf,
    parent: PathBuf,
    /// Where it is made.
    unfinished: PathBuf,
}

impl Place {
    fn find(directory: &Path, to: &Path) -> Result<Self, BackupError> {
        let path = std::path::absolute(to).map_err(|error| BackupError::io(to, error))?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(BackupError::MountPoint { path });
        };
        if let Some(found) = files::found_in(&path, &[])? {
            return Err(BackupError::Taken { path, found });
        }
        if path.exists() && !is_of_one_device(&path, parent) {
            return Err(BackupError::MountPoint { path });
        }
        let mut unfinished = name.to_owned();
        unfinished.push(".unfinished");
        let place = Self { parent: parent.to_owned(), unfinished: parent.join(unfinished), path };
        if place.is_in(directory) {
            return Err(BackupError::Inside { path: place.path });
        }
        Ok(place)
    }

    /// Compared as far as the path is there, with all links followed.
    fn is_in(&self, directory: &Path) -> bool {
        let there = self.path.ancestors().find_map(|path| fs::canonicalize(path).ok());
        let data = fs::canonicalize(directory).ok();
        there.zip(data).is_some_and(|(there, data)| there.starts_with(data))
    }
}

/// A backup that is being made. Dropped, it is removed.
struct Staging {
    path: PathBuf,
    _lock: DirectoryLock,
    is_placed: bool,
}

impl Staging {
    /// Makes it, or takes over what an interrupted backup left.
    fn make(place: &Place) -> Result<Self, BackupError> {
        let path = place.unfinished.clone();
        let known = [LOCK, LEDGER, "ledger.db-journal", INITIAL_KEYS, MANIFEST];
        if let Some(found) = files::found_in(&path, &known)? {
            return Err(BackupError::Taken { path, found });
        }
        let lock = file::own_directory(&path)?;
        let staging = Self { path, _lock: lock, is_placed: false };
        for name in known.into_iter().filter(|name| *name != LOCK) {
            files::remove(&staging.path.join(name))?;
        }
        Ok(staging)
    }

    /// Makes it a backup.
    fn put(mut self, manifest: &Manifest, place: &Place) -> Result<(), BackupError> {
        let failed = |error| BackupError::io(&place.path, error);
        let text = manifest.text().map_err(|error| failed(error.into()))?;
        files::write(&self.path.join(MANIFEST), text.as_bytes())?;
        file::sync_directory(&self.path).map_err(failed)?;
        // Only an empty directory can be removed so; a rename takes its place on some systems only.
        match fs::remove_dir(&place.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        fs::rename(&self.path, &place.path).map_err(failed)?;
        self.is_placed = true;
        file::sync_directory(&place.parent).map_err(failed)?;
        // It was there for whoever would have made the same backup at once, and means nothing now.
        let _ = fs::remove_file(place.path.join(LOCK));
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_of_one_device(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    device(one) == device(other)
}

#[cfg(not(unix))]
fn is_of_one_device(_one: &Path, _other: &Path) -> bool {
    true
}
