//! A directory that is opened, closed and opened again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use scrip_ledger::Settings;
use scrip_ledger::conformance::{Given, Made, World};
use scrip_ledger::embedded::{Embedded, Options};
use tempfile::TempDir;

pub fn options(given: Given) -> Options {
    Options { clock: given.clock, settings: given.settings, ..Options::default() }
}

pub fn open(directory: &Path, options: Options) -> Arc<Embedded> {
    Embedded::open(directory, options, |_, _| {}).unwrap()
}

/// A directory with a ledger.
pub struct Store {
    directory: TempDir,
}

/// A ledger of a [`Store`], while it is open.
pub struct Opened {
    pub world: World,
    pub ledger: Arc<Embedded>,
}

impl Store {
    /// An empty directory.
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Opens it, and makes customers, currencies and a clock at the beginning of time.
    pub async fn fresh(&self) -> Opened {
        let opened = self.opened().await;
        opened.world.populate(scrip_ledger::conformance::SANDBOX).await;
        opened.world.move_clock("2030-01-01").await;
        opened
    }

    /// Opens it as it is.
    pub async fn opened(&self) -> Opened {
        self.opened_with(|_| {}).await
    }

    /// The same with options.
    pub async fn opened_with(&self, change: impl Fn(&mut Options) + Send + Sync) -> Opened {
        let ledger: Mutex<Option<Arc<Embedded>>> = Mutex::default();
        let make = |given: Given| -> scrip_ledger::conformance::Making {
            let mut options = options(given);
            change(&mut options);
            let opened = open(self.path(), options);
            *ledger.lock().unwrap() = Some(Arc::clone(&opened));
            Box::pin(async {
                Made { ledger: opened, follows_given_clock: true, keep: Box::new(()) }
            })
        };
        let world = World::bare(&make, Settings::default()).await;
        let ledger = ledger.into_inner().unwrap().unwrap();
        Opened { world, ledger }
    }

    /// The file itself.
    pub fn sql(&self) -> Connection {
        Connection::open(self.path().join("ledger.db")).unwrap()
    }

    /// The same store in another directory; nobody may have it open.
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        for name in ["ledger.db", "ledger.db-wal"] {
            let from = self.path().join(name);
            if from.exists() {
                std::fs::copy(from, PathBuf::from(copy.path()).join(name)).unwrap();
            }
        }
        copy
    }

    /// The same with all that is written behind.
    pub fn copied_whole(&self) -> Self {
        let copy = self.copied();
        std::fs::create_dir(copy.path().join("keys")).unwrap();
        for from in ["", "keys"] {
            for entry in std::fs::read_dir(self.path().join(from)).unwrap() {
                let entry = entry.unwrap();
                let is_file = entry.file_type().unwrap().is_file();
                if is_file && entry.file_name() != "lock" {
                    let to = copy.path().join(from).join(entry.file_name());
                    std::fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        copy
    }
}

impl Opened {
    /// Closes it.
    pub async fn close(self) {
        use scrip_ledger::Ledger as _;
        self.ledger.close().await;
    }
}
