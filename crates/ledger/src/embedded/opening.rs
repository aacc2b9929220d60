//! How a directory is opened, and why it cannot be.

use std::path::PathBuf;

use super::Finding;
use crate::Settings;
use crate::clock::SystemClock;

/// Why a directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or used.
    #[error("the data directory {path}: {error}", path = path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another process owns it.
    #[error("the data directory {path} is in use by process {holder}", path = path.display())]
    Held {
        /// Which.
        path: PathBuf,
        /// Who.
        holder: String,
    },
    /// There is no ledger in it.
    #[error("there is no ledger at {path}", path = path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Another version wrote it.
    #[error("the ledger has format {found}; this version of Scrip knows format {known}")]
    Format {
        /// What it has.
        found: i64,
        /// What is known.
        known: i64,
    },
    /// The system gave no random bytes.
    #[error("random bytes: {0}")]
    Random(String),
    /// SQLite refused.
    #[error("ledger.db: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is stored is wrong.
    #[error("the ledger is damaged: {0}")]
    Damaged(#[from] Finding),
    /// A thread could not be started.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
}

/// How a directory is opened.
pub struct Options {
    /// What the owner decided.
    pub settings: Settings,
    /// The clock.
    pub clock: SystemClock,
    /// Orders that may wait; beyond that they are refused.
    pub queue_max: usize,
    /// Pages of 4 KiB beyond which `ledger.db` does not grow: a full disk, for whoever wants one.
    pub pages_max: Option<u32>,
    /// Told when nothing more can be made durable. The ledger answers nothing from then on.
    pub on_failure: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            clock: SystemClock::of_machine(),
            queue_max: 4_096,
            pages_max: None,
            on_failure: Box::new(|_| {}),
        }
    }
}
