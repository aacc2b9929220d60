//! What can be wrong with the files of names.

use std::path::{Path, PathBuf};

use crate::slot::Position;

/// What is wrong with a file, in words for the one who runs the ledger. Nothing is lost by any of
/// them: the names are in the rows, and are read from there again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Slices are missing where later ones exist.
    #[error("{}: missing", file.display())]
    Missing {
        /// The first that is missing.
        file: PathBuf,
    },
    /// It cannot be read.
    #[error("{}: cannot be read: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: String,
    },
    /// It is not as long as it says.
    #[error("{}: has {bytes} bytes instead of {expected}", file.display())]
    Length {
        /// The file.
        file: PathBuf,
        /// How long it is.
        bytes: u64,
        /// How long it should be.
        expected: u64,
    },
    /// It was written for another ledger.
    #[error("{}: belongs to another ledger", file.display())]
    OtherLedger {
        /// The file.
        file: PathBuf,
    },
    /// It was written by a version that this one does not know.
    #[error("{}: has the unknown format version {version}", file.display())]
    UnknownVersion {
        /// The file.
        file: PathBuf,
        /// The version.
        version: u32,
    },
    /// What is in it cannot be what was written.
    #[error("{}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It does not begin where its predecessor ends.
    #[error("{}: begins after position {after} instead of {expected}", file.display())]
    NotContiguous {
        /// The file.
        file: PathBuf,
        /// Where it begins.
        after: Position,
        /// Where its predecessor ends.
        expected: Position,
    },
    /// It is intact, but something before it is not.
    #[error("{}: is not used, because one before it cannot be", file.display())]
    BehindGap {
        /// The file.
        file: PathBuf,
    },
    /// It reaches further than the ledger.
    #[error("{}: reaches to position {until}, but the ledger ends at {end}", file.display())]
    AheadOfLedger {
        /// The file.
        file: PathBuf,
        /// How far it reaches.
        until: Position,
        /// Where the ledger ends.
        end: Position,
    },
    /// A column was made again from its slice, which is intact.
    #[error("{}: {what}; it was made again from its slice", file.display())]
    ColumnRebuilt {
        /// The file.
        file: PathBuf,
        /// What was wrong.
        what: String,
    },
}

impl Problem {
    pub(super) fn damaged(file: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), what: what.into() }
    }

    pub(super) fn unreadable(file: &Path, error: impl ToString) -> Self {
        Self::Unreadable { file: file.to_owned(), error: error.to_string() }
    }
}
