//! Where ledgers are made that are measured.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// Directories that go when the process is interrupted.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// What a process exits with that was interrupted.
const EXIT_INTERRUPTED: i32 = 130;
/// A directory in which a process writes that ends, too, may need to be removed more than once.
const REMOVALS: u32 = 40;

/// From now on an interruption of the process takes its temporary directories away.
pub fn clear_when_interrupted() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        let paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for path in paths {
            for _ in 0..REMOVALS {
                let _ = std::fs::remove_dir_all(&path);
                if !path.exists() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        process::exit(EXIT_INTERRUPTED);
    });
    Ok(())
}

/// A directory for a ledger.
pub enum Place {
    /// Beside the working directory, as a temporary file system may be memory, which syncs for
    /// nothing. It goes with its handle.
    Temporary(TempDir),
    /// The owner wants to keep it.
    Kept(PathBuf),
}

impl Place {
    /// One that goes with its handle, and with an interruption.
    pub fn temporary() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("scrip-bench").tempdir_in(".");
        let directory = directory.context("making a directory beside the working directory")?;
        let path = directory.path().to_owned();
        TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Ok(Self::Temporary(directory))
    }

    /// This one, which must be empty or not exist.
    pub fn kept(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path).with_context(|| path.display().to_string())?;
        if std::fs::read_dir(path)?.next().is_some() {
            bail!("{} is not empty", path.display());
        }
        Ok(Self::Kept(path.to_owned()))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}
