//! Files: their names, reading at a place, and writing so that a crash leaves all or nothing.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::super::file;
use crate::work::StoreError;

pub(super) const SLICE: &str = "keys";
pub(super) const COLUMN: &str = "column";
pub(super) const UNFINISHED: &str = "tmp";
const RECENT: &str = "recent.keys";
const DROPPED: &str = "dropped";

pub(super) fn slice_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:010}.{SLICE}"))
}

pub(super) fn column_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:010}.{COLUMN}"))
}

pub(super) fn recent_path(directory: &Path) -> PathBuf {
    directory.join(RECENT)
}

pub(super) fn dropped_path(directory: &Path) -> PathBuf {
    directory.join(DROPPED)
}

/// The number of a file's name, if it has one and this extension. The last of all numbers is none:
/// nothing could follow it.
pub(super) fn number_of(path: &Path, extension: &str) -> Option<u64> {
    if path.extension()? != extension {
        return None;
    }
    let stem = path.file_stem()?.to_str()?;
    let is_number = stem.len() >= 10 && stem.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { stem.parse().ok() } else { None };
    number.filter(|number| *number < u64::MAX)
}

pub(super) fn failed(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Failed(format!("{}: {error}", path.display())),
    }
}

#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A file that is whole and synced under its temporary name. Dropped, it is removed.
pub(super) struct Unplaced {
    path: PathBuf,
    temporary: PathBuf,
    is_placed: bool,
}

impl Unplaced {
    /// Writes what follows the first bytes, then these, which often say something about the rest.
    pub(super) fn write(
        path: PathBuf,
        first_bytes: usize,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<Vec<u8>>,
    ) -> Result<Self, StoreError> {
        let mut temporary = path.clone().into_os_string();
        temporary.push(".");
        temporary.push(UNFINISHED);
        let this = Self { path, temporary: temporary.into(), is_placed: false };
        let run = || {
            let mut out = BufWriter::with_capacity(1 << 18, File::create(&this.temporary)?);
            out.write_all(&vec![0; first_bytes])?;
            let first = write(&mut out)?;
            out.rewind()?;
            out.write_all(&first)?;
            out.into_inner()?.sync_data()
        };
        run().map_err(|error| failed(&this.path, &error))?;
        Ok(this)
    }

    /// Gives it its name. Durable when the directory is synced.
    pub(super) fn place(mut self) -> Result<PathBuf, StoreError> {
        fs::rename(&self.temporary, &self.path).map_err(|error| failed(&self.path, &error))?;
        self.is_placed = true;
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for Unplaced {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

pub(super) fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    file::sync_directory(directory).map_err(|error| failed(directory, &error))
}

/// Removes a slice, its column first: a column without its slice is removed at the next start.
pub(super) fn remove_slice(directory: &Path, number: u64) -> Result<(), StoreError> {
    remove(&column_path(directory, number))?;
    remove(&slice_path(directory, number))
}
