//! Files with secrets in them: for their owner's eyes only, and durable when they are written.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// What becomes of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Kept,
    /// Its contents are replaced.
    Replaced,
}

/// Writes a file, and makes it and its name durable.
pub fn write(path: &Path, existing: Existing, contents: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true);
    match existing {
        Existing::Kept => options.create_new(true),
        Existing::Replaced => options.create(true).truncate(true),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_private_file_is_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write(&path, Existing::Kept, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let kept = write(&path, Existing::Kept, b"two").unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, Existing::Replaced, b"2").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
    }
}
