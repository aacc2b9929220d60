//! Files that are copied, made durable, and summed up on the way.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::manifest::hexadecimal;
use super::{BackupError, BackupFile};

const CHUNK_BYTES: usize = 1 << 20;

/// The bytes and the checksum of a file, which is durable when this returns. `told` gets the bytes
/// of each stretch.
pub(super) fn seal(
    path: &Path,
    name: &str,
    mut told: impl FnMut(u64),
) -> Result<BackupFile, BackupError> {
    let mut run = || -> io::Result<BackupFile> {
        let mut file = File::open(path)?;
        let (bytes, sha256) = read_through(&mut file, io::sink(), &mut told)?;
        file.sync_all()?;
        Ok(BackupFile { name: name.to_owned(), bytes, sha256 })
    };
    run().map_err(|error| BackupError::io(path, error))
}

/// Copies a file of a backup, which must be the one that was sealed. It is durable when this
/// returns, but for its name.
pub(super) fn copy_sealed(
    from: &Path,
    to: &Path,
    sealed: &BackupFile,
    mut told: impl FnMut(u64),
) -> Result<(), BackupError> {
    let damaged = |what: String| BackupError::Damaged { path: from.to_owned(), what };
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged("is missing".to_owned()));
        }
        Err(error) => return Err(BackupError::io(from, error)),
    };
    let length = source.metadata().map_err(|error| BackupError::io(from, error))?.len();
    if length != sealed.bytes {
        return Err(damaged(format!("has {length} bytes, and had {}", sealed.bytes)));
    }
    let mut run = || -> io::Result<String> {
        let mut target = create_private(to)?;
        let (_, sha256) = read_through(&mut source, &mut target, &mut told)?;
        target.sync_all()?;
        Ok(sha256)
    };
    let sha256 = run().map_err(|error| BackupError::io(to, error))?;
    if sha256 == sealed.sha256 {
        Ok(())
    } else {
        Err(damaged("has another checksum than it had".to_owned()))
    }
}

/// Writes a small file, which is durable when this returns, but for its name.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let run = || {
        let mut file = create_private(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    run().map_err(|error| BackupError::io(path, error))
}

/// Makes a file for what is secret, empty.
pub(super) fn make_private(path: &Path) -> Result<(), BackupError> {
    create_private(path).map(drop).map_err(|error| BackupError::io(path, error))
}

/// What is in a directory, but for names that do not count. One that is not there is empty.
pub(super) fn found_in(directory: &Path, but: &[&str]) -> Result<Option<String>, BackupError> {
    let failed = |error| BackupError::io(directory, error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Some("a file".to_owned()));
        }
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !but.contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Removes a file, or a directory with all that is in it, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), BackupError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::io(path, error)),
        _ => Ok(()),
    }
}

/// A file with secrets in it.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

fn read_through(
    source: &mut impl Read,
    mut target: impl Write,
    told: &mut impl FnMut(u64),
) -> io::Result<(u64, String)> {
    let (mut bytes, mut hasher) = (0, Sha256::new());
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = source.read(&mut chunk)?;
        if count == 0 {
            return Ok((bytes, hexadecimal(&hasher.finalize())));
        }
        hasher.update(&chunk[..count]);
        target.write_all(&chunk[..count])?;
        bytes += count as u64;
        told(count as u64);
    }
}
