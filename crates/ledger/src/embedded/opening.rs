//! How a directory is opened, and why it cannot be.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, mpsc};

use rusqlite::Connection;
use scrip_core::{EnvironmentId, Timestamp};

use super::catch_up::{CatchUp, CaughtUp};
use super::file::DirectoryLock;
use super::giving_way::give_way;
use super::keeper::{self, ToKeep};
use super::keys::KeyStore;
use super::known_records::KnownRecords;
use super::mark::{self, Mark, MarkState};
use super::names::{Checked, Names};
use super::publication::Publication;
use super::reach::Reach;
use super::readers::{FindName, Readers};
use super::snapshots::{self, Bounds};
use super::unit::{Base, Last, Standings};
use super::wallets::Wallets;
use super::writer::Writer;
use super::{
    Embedded, Gauges, Loss, Options, Shared, evidence, file, housekeeping, mend, rolling, scrub,
    tables,
};
use crate::clock::Clocks;
use crate::published::{KeyHolders, RunningClaims};
use crate::queue::{self, Limits};
use crate::slot::Position;
use crate::verifying::Finding;
use crate::work::{CLOCK_MEMBER, StoreError};
use crate::{RecordKind, SYSTEM};

#[cfg(test)]
mod tests;

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
    /// A copy into it was not finished.
    #[error(
        "a copy into {path} was not finished: run scrip copy again, or remove the directory",
        path = path.display()
    )]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// A restore into it was not finished.
    #[error(
        "a restore into {path} was not finished: run scrip restore again, or remove the directory",
        path = path.display()
    )]
    Unrestored {
        /// The directory.
        path: PathBuf,
    },
    /// It is a backup, which nothing may change.
    #[error(
        "{path} is a backup, and stays as it is: scrip restore --from {path} --data DIR",
        path = path.display()
    )]
    Backup {
        /// The directory.
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
    /// Rows that were acknowledged are missing.
    #[error(
        "rows were lost: {0}. Put back the ledger.db and ledger.db-wal that belong here, or go on \
         without these rows: scrip recover --accept-loss"
    )]
    Lost(Loss),
    /// The ledger is missing or empty where other files tell that there was one.
    #[error(
        "{path} is missing or empty, but there was a ledger, says {witness}. Put back the ledger.db and \
         ledger.db-wal that belong here, or go on without their rows: scrip recover --accept-loss",
        path = path.display()
    )]
    Gone {
        /// Where it should be.
        path: PathBuf,
        /// The file that tells it.
        witness: &'static str,
    },
    /// A file beside the ledger cannot be read or written.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The mark file cannot be read or written.
    #[error("the mark file: {0}")]
    Mark(std::io::Error),
    /// A thread could not be started.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
}

/// Wallets that changed, beyond which a round of snapshots begins early.
const ROUND_WALLETS: usize = 200_000;
/// What the orders that wait may weigh together: items of batches.
const QUEUE_WEIGHT: usize = 65_536;

/// A directory that this process owns, with its files open.
pub(super) struct Store {
    pub lock: DirectoryLock,
    pub ledger: Connection,
    pub ledger_id: [u8; 16],
    pub keys: KeyStore,
    /// The last row.
    pub end: Reach,
}

impl Store {
    /// Opens what may be looked at before it is known whether rows were lost.
    pub(super) fn open(
        directory: &Path,
        filter_bytes_max: usize,
        names_max: Option<usize>,
    ) -> Result<Self, OpenError> {
        let lock = file::own_directory(directory)?;
        file::write_log_again(directory)?;
        let ledger = file::open_writer(directory)?;
        file::check_whole(&ledger, directory)?;
        let ledger_id = file::ledger_id(&ledger)?;
        let path = directory.join("keys");
        let (keys, problems) = KeyStore::open(&path, ledger_id, filter_bytes_max, names_max)?;
        for problem in problems {
            tracing::warn!(%problem, "names are read from the ledger again");
        }
        let position = tables::last_position(&ledger)?;
        let hash = match tables::row_hash(&ledger, position)? {
            Some(hash) => hash,
            None => Reach::START.hash,
        };
        let end = Reach { position, hash };
        Ok(Self { lock, ledger, ledger_id, keys, end })
    }

    /// What was lost, if anything was. Then the files stay as they are.
    pub(super) fn loss(&self, directory: &Path) -> Result<Option<Loss>, StoreError> {
        let loss = evidence::check(&self.ledger, directory, self.ledger_id, &self.keys)?;
        if loss.is_some() {
            file::leave_log(&self.ledger)?;
        }
        Ok(loss)
    }
}

/// Opens a directory, or makes it, and starts the threads.
pub(super) fn open(
    directory: &Path,
    options: Options,
    mut progress: impl FnMut(Position, Position),
) -> Result<Arc<Embedded>, OpenError> {
    evidence::check_presence(directory)?;
    let store = Store::open(directory, options.filter_bytes_max, options.names_max)?;
    if let Some(loss) = store.loss(directory)? {
        return Err(OpenError::Lost(loss));
    }
    store.keys.discard_unused()?;
    if let Some(pages) = options.pages_max {
        store.ledger.pragma_update(None, "max_page_count", pages)?;
    }
    let mark = open_mark(directory, &store)?;
    let (snapshots, caught_up) = catch_up(directory, &store, &options, &mut progress)?;
    let rows = file::open_reader(directory)?;
    let mut added_up = store.end.position;
    if options.adds_usage_up {
        added_up = rolling::catch_up(&snapshots, &rows, store.end.position, progress)?;
    }
    let Store { lock, ledger, keys, end, .. } = store;
    let keys = Arc::new(keys);
    let bounds = Bounds {
        every: options.snapshots_every,
        wallets: ROUND_WALLETS,
        rows: options.lag_rows_max,
        bytes: options.lag_bytes_max,
        usage_rows: if options.adds_usage_up { options.usage_lag_rows_max } else { u64::MAX },
    };
    let of = directory.to_owned();
    let shared = Arc::new(Shared {
        directory: directory.to_owned(),
        wallets: Wallets::new(
            directory,
            options.wallets_bytes_max,
            Box::new(move |key| mend::mend(&of, key)),
        ),
        publication: Publication::default(),
        names: Names::new(Arc::clone(&keys), caught_up.recent),
        keys,
        keep: ToKeep::new(bounds, caught_up.saved, added_up),
        key_holders: KeyHolders::default(),
        known_records: KnownRecords::default(),
        clocks: Clocks::new(options.clock),
        settings: options.settings,
        names_kept: options.names_kept,
        adds_usage_up: options.adds_usage_up,
        gauges: Gauges::default(),
        closed: AtomicBool::new(false),
        on_failure: options.on_failure,
    });
    know(&ledger, &shared)?;
    let dirty = caught_up.slots.into_iter().filter(|slot| slot.wallet.sequence() > 0).map(|slot| {
        let key = slot.wallet.key().clone();
        shared.wallets.publish(Arc::new(slot));
        key
    });
    shared.keep.behind.committed(dirty.collect(), end, 0, None);
    let last = Last {
        reach: end,
        wallet: tables::last_wallet(&ledger)?,
        record: tables::last_record(&ledger)?,
        grant: tables::last_grant(&ledger)?,
        event: tables::last_event(&ledger)?,
    };
    let sync = mark.syncing();
    let syncing = sync.clone();
    let base = Base { last, mark, standings: Standings::default() };
    let limits = Limits { messages_max: options.queue_max, weight_max: QUEUE_WEIGHT };
    let (queue, inbox) = queue::queue(limits);
    let (stop, stopped) = mpsc::channel();
    let (stop_scrubbing, scrubbing_stopped) = mpsc::channel();
    let embedded = Arc::new(Embedded {
        shared: Arc::clone(&shared),
        readers: Arc::new(Readers::new(directory, finder(&shared))),
        running: RunningClaims::default(),
        mark: syncing,
        secret: file::secret(&ledger)?,
        queue,
        threads: Mutex::default(),
        stops: Mutex::new(vec![stop, stop_scrubbing]),
    });
    let writer = Writer { connection: ledger, shared: Arc::clone(&shared), base, inbox };
    // The directory is held as long as anybody may write into it.
    let lock = Arc::new(lock);
    let held = Arc::clone(&lock);
    embedded.spawn("ledger-writer", move || {
        writer.run();
        drop(held);
    })?;
    embedded.spawn("ledger-keeper", move || {
        give_way();
        keeper::run(&snapshots, &rows, &shared);
        drop(snapshots);
        drop(lock);
    })?;
    let weak = Arc::downgrade(&embedded);
    embedded.spawn("ledger-housekeeping", move || {
        housekeeping::run(&weak, &stopped, &sync, options.housekeeping_every);
    })?;
    if let Some(every) = options.scrub_every {
        let weak = Arc::downgrade(&embedded);
        let run = move || {
            give_way();
            scrub::run(&weak, &scrubbing_stopped, every);
        };
        embedded.spawn("ledger-scrubber", run)?;
    }
    Ok(embedded)
}

/// Finds the newest durable row of a name, for readers.
fn finder(shared: &Arc<Shared>) -> Arc<FindName> {
    let shared = Arc::clone(shared);
    Arc::new(move |name| shared.names.find(&name, &Checked::default()))
}

/// Opens the mark, or makes it where none can be read.
fn open_mark(directory: &Path, store: &Store) -> Result<Mark, OpenError> {
    let reach = mark::Reach {
        ledger_id: store.ledger_id,
        position: store.end.position,
        row_hash: *store.end.hash.as_bytes(),
    };
    let mut mark = match Mark::read(directory).map_err(OpenError::Mark)? {
        MarkState::At(_) => Mark::open(directory).map_err(OpenError::Mark)?,
        MarkState::Missing | MarkState::Unreadable(_) => {
            if store.end.position > 0 {
                tracing::warn!(
                    "there was no mark; a loss of rows before this start is not noticed"
                );
            }
            Mark::reset(directory, reach).map_err(OpenError::Mark)?
        }
    };
    mark.note(reach).map_err(|error| OpenError::Mark(std::io::Error::other(error)))?;
    Ok(mark)
}

/// Knows the wallets and names again. Snapshots that contradict the ledger are made again.
fn catch_up(
    directory: &Path,
    store: &Store,
    options: &Options,
    mut progress: impl FnMut(Position, Position),
) -> Result<(Connection, CaughtUp), OpenError> {
    let (until, mut tried) = (store.end.position, false);
    loop {
        let (connection, saved) = match snapshots::open_writer(directory, &store.ledger_id)? {
            snapshots::Opened::Usable(connection, reach) => (connection, reach),
            snapshots::Opened::Rebuilt(connection, why) => {
                if let Some(why) = why {
                    tracing::warn!(why, "snapshots.db is made again from the ledger");
                }
                (connection, Reach::START)
            }
        };
        let (recent, problem) = store.keys.load_recent(until);
        if let Some(problem) = problem {
            tracing::warn!(%problem, "names are read from the ledger again");
        }
        let work = CatchUp {
            ledger: &store.ledger,
            snapshots: &connection,
            keys: &store.keys,
            bytes_max: options.wallets_bytes_max,
        };
        match work.run(saved, recent, until, &mut progress) {
            Ok(caught_up) => return Ok((connection, caught_up)),
            Err(finding) if saved.position > 0 && !tried => {
                tracing::warn!(%finding, "snapshots.db is made again from the ledger");
                tried = true;
                drop(connection);
                snapshots::remove(directory)?;
            }
            Err(finding) => return Err(finding.into()),
        }
    }
}

/// Knows what is rare: test clocks, API keys, frozen wallets.
fn know(connection: &Connection, shared: &Shared) -> Result<(), StoreError> {
    let mut clocks = tables::all_records(connection, SYSTEM, RecordKind::Environment)?;
    // In what was left behind by a reset time stands still.
    clocks.extend(tables::all_records(connection, SYSTEM, RecordKind::RetiredEnvironment)?);
    for record in clocks {
        let clock = record.body.get(CLOCK_MEMBER).and_then(serde_json::Value::as_i64);
        let now = clock.and_then(|at| Timestamp::from_milliseconds(at).ok());
        if let (Some(now), Ok(number)) = (now, record.id.parse()) {
            shared.clocks.set(EnvironmentId(number), now);
        }
    }
    for record in tables::all_records(connection, SYSTEM, RecordKind::ApiKey)? {
        shared.key_holders.publish(&record);
    }
    for (key, _, _) in tables::frozen_wallets(connection)? {
        shared.wallets.freeze(&key);
    }
    shared.gauges.wallets_frozen.set(shared.wallets.count_frozen() as u64);
    Ok(())
}
