//! The ledgers under test, and what outlives their restarts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use scrip_ledger::embedded::{Embedded, Options, verify};
use scrip_ledger::{Ledger, Memory, Settings, SystemClock, Value};
use tempfile::TempDir;

use crate::history::Setup;

/// A kind of ledger under test.
pub trait Target: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// A place for a new one.
    fn prepare(&self, setup: &Setup) -> Result<Box<dyn Store>>;
}

/// A place for a ledger, which keeps what survives a restart.
pub trait Store {
    /// Opens the ledger. It is not opened already.
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>>;

    /// Lets everything be written that is written behind.
    fn write_behind(&self, ledger: &dyn Ledger) -> Result<()>;

    /// Recomputes everything that can be, once the ledger is closed.
    fn verify(&self) -> Result<()>;
}

/// The ledger in memory.
pub struct InMemory;

impl Target for InMemory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn prepare(&self, _: &Setup) -> Result<Box<dyn Store>> {
        Ok(Box::new(MemoryStore { ledger: None }))
    }
}

struct MemoryStore {
    ledger: Option<Arc<Memory>>,
}

impl Store for MemoryStore {
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>> {
        let make = || Arc::new(Memory::with(clock, Settings::default()));
        Ok(Arc::clone(self.ledger.get_or_insert_with(make)) as Arc<dyn Ledger>)
    }

    fn write_behind(&self, _: &dyn Ledger) -> Result<()> {
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

/// The ledger in a directory, one for each history.
pub struct InDirectory;

impl Target for InDirectory {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn prepare(&self, setup: &Setup) -> Result<Box<dyn Store>> {
        let directory = tempfile::tempdir().context("a directory for the ledger")?;
        Ok(Box::new(DirectoryStore { directory, setup: setup.clone() }))
    }
}

struct DirectoryStore {
    directory: TempDir,
    setup: Setup,
}

impl Store for DirectoryStore {
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>> {
        let budgets = &self.setup.budgets;
        let options = Options {
            clock,
            wallets_bytes_max: budgets.wallets_bytes_max,
            snapshots_every: Duration::from_millis(budgets.snapshots_every_milliseconds),
            lag_rows_max: budgets.lag_rows_max,
            names_max: Some(budgets.names_max),
            ..Options::default()
        };
        let opened = Embedded::open(self.directory.path(), options, |_, _| {});
        Ok(opened.context("opening the ledger")?)
    }

    /// Waits for the keeper, which works by the time of the machine; a keeper that comes seldom
    /// is not waited for.
    fn write_behind(&self, ledger: &dyn Ledger) -> Result<()> {
        if self.setup.budgets.snapshots_every_milliseconds > 100 {
            return Ok(());
        }
        for _ in 0..5_000 {
            let figures = ledger.figures();
            let lag = figures.iter().find(|figure| figure.name == LAG);
            let lag = lag.with_context(|| format!("no figure is called {LAG}"))?;
            if lag.value == Value::Whole(0) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        anyhow::bail!("the snapshots do not come after")
    }

    fn verify(&self) -> Result<()> {
        let verified = verify(self.directory.path(), |_, _| {}).context("verify")?;
        ensure!(verified.frozen.is_empty(), "frozen wallets: {:?}", verified.frozen);
        Ok(())
    }
}

const LAG: &str = "scrip_snapshot_lag_rows";
