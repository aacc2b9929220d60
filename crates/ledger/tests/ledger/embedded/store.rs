//! A directory that is opened, closed and opened again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use scrip_ledger::Settings;
use scrip_ledger::conformance::{Given, Made, World};
use scrip_ledger::embedded::{Embedded, Options};
use tempfile::TempDir;

pub fn options(given: Given) -> Options {
    Options { clock: given.clock, settings: given.settings, ..Options::default() }
}

pub fn open(directory: &Path, options: Options) -> Arc<Embedded> {
    wait_until_free(directory);
    Embedded::open(directory, options, |_, _| {}).unwrap()
}

/// Waits for the threads of a ledger that was dropped.
pub fn wait_until_free(directory: &Path) {
    let Ok(lock) = File::open(directory.join("lock")) else { return };
    let begin = Instant::now();
    while lock.try_lock().is_err() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
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

    /// Everything but the lock in another directory; nobody may have it open.
    pub fn copied_whole(&self) -> Self {
        let copy = Self::new();
        copy_all(self.path(), copy.path());
        copy
    }

    /// Puts the files of a name, with its log, as they are in another store.
    pub fn put_back(&self, name: &str, from: &Self) {
        for name in [name.to_owned(), format!("{name}-wal")] {
            let _ = std::fs::remove_file(self.path().join(&name));
            if from.path().join(&name).exists() {
                std::fs::copy(from.path().join(&name), self.path().join(&name)).unwrap();
            }
        }
        let _ = std::fs::remove_file(self.path().join(format!("{name}-shm")));
    }

    /// Removes what stands beside the ledger, but for one thing.
    pub fn keep_only(&self, kept: &str) {
        for name in ["mark", "snapshots.db", "snapshots.db-wal", "snapshots.db-shm", "keys"] {
            let path = self.path().join(name);
            if name.starts_with(kept) {
                continue;
            }
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
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
}

impl Opened {
    /// Closes it.
    pub async fn close(self) {
        use scrip_ledger::Ledger as _;
        self.ledger.close().await;
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else if entry.file_name() != "lock" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
