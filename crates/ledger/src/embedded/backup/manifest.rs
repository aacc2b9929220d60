//! What a backup says of itself. It is written last: a directory without it is no backup.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::BackupError;

/// The file's name.
pub const MANIFEST: &str = "backup.json";
/// The format of the file; a newer one is refused.
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// The version of the binary that took it.
    pub scrip_version: String,
    /// When it began, in milliseconds of real time.
    pub taken_at_milliseconds: i64,
    /// The ledger's own id, in hexadecimal.
    pub ledger_id: String,
    /// The position of the last row; 0 if there is none.
    pub rows: u64,
    /// The hash of that row, in hexadecimal.
    pub row_hash: String,
    /// Everything in it was recomputed before it was called a backup.
    pub is_verified: bool,
    /// All files but this one.
    pub files: Vec<BackupFile>,
    /// SHA-256 of all of the above, in hexadecimal.
    checksum: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name in the backup's directory.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of what is in it, in hexadecimal.
    pub sha256: String,
}

/// What was backed up, without how it was kept.
pub(super) struct Contents {
    pub taken_at_milliseconds: i64,
    pub ledger_id: [u8; 16],
    pub rows: u64,
    pub row_hash: [u8; 32],
    pub is_verified: bool,
    pub files: Vec<BackupFile>,
}

impl Manifest {
    pub(super) fn of(contents: Contents) -> Self {
        let mut manifest = Self {
            format: FORMAT,
            scrip_version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at_milliseconds: contents.taken_at_milliseconds,
            ledger_id: hexadecimal(&contents.ledger_id),
            rows: contents.rows,
            row_hash: hexadecimal(&contents.row_hash),
            is_verified: contents.is_verified,
            files: contents.files,
            checksum: String::new(),
        };
        manifest.checksum = manifest.computed();
        manifest
    }

    /// The manifest of a backup.
    pub(super) fn read(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(MANIFEST);
        match std::fs::read(&path) {
            Ok(bytes) => Self::parse(&bytes).map_err(|what| BackupError::Manifest { path, what }),
            Err(error) if is_absent(&error) => {
                Err(BackupError::NoBackup { path: backup.to_owned() })
            }
            Err(error) => Err(BackupError::Io { path, error }),
        }
    }

    /// As it is written.
    pub(super) fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        /// What every format has.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if format > FORMAT {
            let newer = "a newer version of Scrip made this backup";
            return Err(format!(
                "it has format {format}, and this version knows {FORMAT}: {newer}"
            ));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.checksum != manifest.computed() {
            return Err("its checksum is another one: it was changed or damaged".to_owned());
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_name(&file.name)) {
            return Err(format!("{} is no name of a file in a backup", file.name));
        }
        Ok(manifest)
    }

    fn computed(&self) -> String {
        let unsigned = Self { checksum: String::new(), ..self.clone() };
        // A struct of texts and numbers can always be written.
        let bytes = serde_json::to_vec(&unsigned).unwrap_or_default();
        hexadecimal(&Sha256::digest(bytes))
    }
}

/// A name that leads nowhere else.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\'])
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A string takes all that is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str) -> Manifest {
        let file = BackupFile { name: name.to_owned(), bytes: 5, sha256: hexadecimal(&[7; 32]) };
        Manifest::of(Contents {
            taken_at_milliseconds: 1_767_323_045_000,
            ledger_id: [0xab; 16],
            rows: 9,
            row_hash: [1; 32],
            is_verified: true,
            files: vec![file],
        })
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let written = manifest("initial-keys");
        assert_eq!(Manifest::parse(written.text().unwrap().as_bytes()), Ok(written));
    }

    #[test]
    fn a_changed_byte_means_something_else_or_is_found() {
        let written = manifest("ledger.db");
        let bytes = written.text().unwrap().into_bytes();
        let mut found = 0;
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            match Manifest::parse(&changed) {
                Ok(read) => assert_eq!(read, written, "byte {at}"),
                Err(_) => found += 1,
            }
        }
        assert!(found > bytes.len() / 2, "{found} of {}", bytes.len());
    }

    #[test]
    fn what_is_refused() {
        let text = manifest("ledger.db").text().unwrap();
        let newer = text.replacen("\"format\": 1", "\"format\": 2", 1);
        for (bytes, told) in [
            ("", "EOF"),
            ("{}", "missing field"),
            (newer.as_str(), "a newer version of Scrip"),
            (&text.replacen("\"rows\": 9", "\"rows\": 8", 1), "its checksum is another one"),
        ] {
            let error = Manifest::parse(bytes.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        for name in ["", ".", "..", "../ledger.db", "/etc/passwd", "keys/x", "..\\x"] {
            let text = manifest(name).text().unwrap();
            let error = Manifest::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains("is no name of a file in a backup"), "{name}: {error}");
        }
    }
}
