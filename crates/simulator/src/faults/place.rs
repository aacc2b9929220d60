//! A directory on a disk that fails, in which one ledger lives again and again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use scrip_disk::{Disk, DiskError};
use scrip_ledger::embedded::{Embedded, Options, rebuild, verify};
use scrip_ledger::{Ledger, SystemClock};
use tempfile::TempDir;

use crate::driver::{Store, Target};
use crate::history::Setup;

/// So seldom that it does not happen: the simulator says when.
const SELDOM: Duration = Duration::from_secs(3_600);
/// How often, and how long in between, it is looked whether every file is closed.
const CLOSING_LOOKS: usize = 5_000;
const CLOSING_WAIT: Duration = Duration::from_millis(1);

/// The directory, its disk, and the ledger in it.
pub(super) struct Place {
    _directory: TempDir,
    pub(super) path: PathBuf,
    pub(super) disk: Disk,
    setup: Setup,
    opened: Mutex<Weak<Embedded>>,
}

impl Place {
    pub(super) fn new(setup: &Setup) -> Result<Arc<Self>> {
        let directory = tempfile::tempdir().context("a directory for the ledger")?;
        let path = directory.path().canonicalize()?.join("data");
        std::fs::create_dir(&path)?;
        Self::at(directory, path, setup)
    }

    /// The same files as in another place, with nothing planned for them.
    pub(super) fn copy(&self) -> Result<Arc<Self>> {
        let directory = tempfile::tempdir().context("a directory for a copy")?;
        let path = directory.path().canonicalize()?.join("data");
        copy(&self.path, &path)?;
        Self::at(directory, path, &self.setup)
    }

    fn at(directory: TempDir, path: PathBuf, setup: &Setup) -> Result<Arc<Self>> {
        let (disk, opened) = (Disk::watch(&path)?, Mutex::default());
        Ok(Arc::new(Self { _directory: directory, path, disk, setup: setup.clone(), opened }))
    }

    /// Makes again what can be.
    pub(super) fn rebuild(&self) -> Result<()> {
        let names_max = Some(self.setup.budgets.names_max);
        let options = Options { names_max, scrub_every: None, ..Options::default() };
        rebuild(&self.path, options, |_, _| {}).context("rebuild")?;
        Ok(())
    }

    /// Does something with the disk when the process that lived there has closed everything.
    pub(super) fn once_closed<T>(
        &self,
        work: impl Fn(&Disk) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        for _ in 0..CLOSING_LOOKS {
            match work(&self.disk) {
                Err(DiskError::StillOpen(_)) => std::thread::sleep(CLOSING_WAIT),
                other => return other,
            }
        }
        work(&self.disk)
    }
}

/// Copies a directory with everything in it but the indexes of write-ahead logs.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if !name.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// The place as a kind of ledger.
pub(super) struct At(pub(super) Arc<Place>);

impl Target for At {
    fn name(&self) -> &'static str {
        "embedded on a disk that fails"
    }

    fn prepare(&self, _: &Setup) -> Result<Box<dyn Store>> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

impl Store for At {
    /// The process that owns the ledger ends when nothing more can be made durable; here its disk
    /// does nothing more.
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>> {
        let place = Arc::clone(&self.0);
        let budgets = &place.setup.budgets;
        let options = Options {
            clock,
            wallets_bytes_max: budgets.wallets_bytes_max,
            snapshots_every: SELDOM,
            housekeeping_every: SELDOM,
            lag_rows_max: budgets.lag_rows_max,
            names_max: Some(budgets.names_max),
            scrub_every: None,
            on_failure: Box::new(move |_| place.disk.stop()),
            ..Options::default()
        };
        let ledger = Embedded::open(&self.0.path, options, |_, _| {})?;
        *self.0.opened.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&ledger);
        Ok(ledger)
    }

    fn write_behind(&self, _: &dyn Ledger) -> Result<()> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(ledger) = opened {
            ledger.write_behind();
        }
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        let verified = verify(&self.0.path, |_, _| {}).context("verify")?;
        ensure!(verified.frozen.is_empty(), "frozen wallets: {:?}", verified.frozen);
        Ok(())
    }
}
