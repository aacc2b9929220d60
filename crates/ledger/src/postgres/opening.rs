//! How a database is opened, and why it cannot be.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::Duration;

use tokio::runtime::Handle;

use super::database::{ANSWER_WITHIN, Database};
use super::distributing::{self, NotDistributed};
use super::doors::{Door, Taken};
use super::gate::Gate;
use super::gauges::Gauges;
use super::housekeeping::{self, DatabaseClock};
use super::kept::Kept;
use super::lane::Lane;
use super::migrate::{self as steps, Migrated};
use super::session::Session;
use super::sessions::Sessions;
use super::tables::column;
use super::turns::Turn;
use super::{Postgres, Shared, rolling, scrub};
use crate::clock::{Clocks, SystemClock};
use crate::published::{KeyHolders, RunningClaims};
use crate::queue::{self, Limits};
use crate::work::{Settings, StoreError};

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none.
    #[error("the database URL: {0}")]
    Url(String),
    /// The database takes no connection.
    #[error("connecting to the database: {0}")]
    Connect(String),
    /// It is older than what is known to do.
    #[error("the database is PostgreSQL {0}; Scrip needs 14 or newer")]
    Version(String),
    /// A newer version of Scrip changed the tables.
    #[error(
        "the tables are those of migration {found}, and this version of Scrip knows them up to \
         {known}: a newer version migrated the database. Use that one"
    )]
    Newer {
        /// The last migration that was applied.
        found: i32,
        /// The last one that is known.
        known: i32,
    },
    /// The tables are older than this version, or not there.
    #[error(
        "the tables are those of migration {found}, and this version of Scrip needs {known}: run \
         scrip migrate, or serve without --no-migrate"
    )]
    Behind {
        /// The last migration that was applied; 0 if there are no tables.
        found: i32,
        /// The one that is needed.
        known: i32,
    },
    /// It cannot be distributed.
    #[error("the database cannot be distributed: {0}")]
    NotDistributed(#[from] NotDistributed),
    /// A copy into the database was not finished.
    #[error(
        "a copy into the database was not finished: run scrip copy again, or drop the schema scrip"
    )]
    Unfinished,
    /// The system gave no random bytes.
    #[error("random bytes: {0}")]
    Random(String),
    /// A statement failed.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A thread could not be started.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
}

/// How a database is opened.
pub struct Options {
    /// What the owner decided.
    pub settings: Settings,
    /// The clock; none is the database's, which all nodes share.
    pub clock: Option<SystemClock>,
    /// Transactions that this node carries out at a time; as many connections write.
    pub lanes: usize,
    /// Connections that read, at most.
    pub readers_max: usize,
    /// Orders that may wait; beyond that they are refused.
    pub queue_max: usize,
    /// Makes or changes the tables if they are older than this version; otherwise such a database is
    /// refused.
    pub migrate: bool,
    /// How long the names of consumptions are found again, at least; none is for ever (decision 13).
    pub names_kept: Option<Duration>,
    /// How late the row of something due may appear; balances are exact at any time.
    pub housekeeping_every: Duration,
    /// How long the scrubber takes for one pass over all wallets, if it keeps up; none is never. One node at a
    /// time scrubs.
    pub scrub_every: Option<Duration>,
    /// How long the database may take for an answer, before a connection is given up. The server itself
    /// works on a statement for 30 s at most.
    pub answer_within: Duration,
    /// The runtime that moves the bytes of connections.
    pub runtime: Handle,
}

impl Options {
    /// What does for most, on the runtime of the caller.
    #[must_use]
    pub fn on(runtime: Handle) -> Self {
        Self {
            settings: Settings::default(),
            clock: None,
            lanes: 4,
            readers_max: 8,
            queue_max: 4_096,
            migrate: true,
            names_kept: None,
            housekeeping_every: Duration::from_millis(200),
            scrub_every: Some(Duration::from_secs(24 * 60 * 60)),
            answer_within: ANSWER_WITHIN,
            runtime,
        }
    }
}

/// Makes the tables of a database, or brings them up to this version.
pub fn migrate(url: &str, runtime: Handle) -> Result<Migrated, OpenError> {
    steps::migrate(&Database::of_url(url, runtime)?)
}

/// Does the same, and distributes the tables over the workers of a coordinator (Citus). No node may serve
/// meanwhile.
pub fn distribute(url: &str, runtime: Handle) -> Result<Migrated, OpenError> {
    distributing::distribute(&Database::of_url(url, runtime)?)
}

pub(super) fn open(url: &str, options: Options) -> Result<Arc<Postgres>, OpenError> {
    let database = Database::of_url(url, options.runtime)?.answering_within(options.answer_within);
    if options.migrate {
        steps::migrate(&database)?;
    }
    let session = database.connect()?;
    steps::check(&session)?;
    steps::check_whole(&session)?;
    warn_if_unsafe(&session)?;
    let secret = secret(&session)?;
    let database_clock = match options.clock {
        Some(_) => None,
        None => Some(DatabaseClock::of(&session)?),
    };
    let own = database_clock.as_ref().map(DatabaseClock::as_system_clock);
    let clock = own.or(options.clock).unwrap_or_else(SystemClock::of_machine);
    let shared = Arc::new(Shared {
        database,
        sessions: Sessions::new(options.readers_max.max(1)),
        clocks: Clocks::new(clock),
        last_retired: AtomicU64::new(0),
        key_holders: KeyHolders::default(),
        settings: options.settings,
        names_kept: options.names_kept,
        gauges: Gauges::default(),
        kept: Kept::default(),
        gate: Gate::default(),
        telling: Turn::of_telling(),
        anchoring: Turn::of_anchoring(),
        closed: AtomicBool::new(false),
    });
    housekeeping::learn(&shared, &session)?;
    let (stop, stopped) = mpsc::channel();
    let (stop_rolling, rolling_stopped) = mpsc::channel();
    let (stop_scrubbing, scrubbing_stopped) = mpsc::channel();
    let mut threads = Vec::new();
    let mut lanes = Vec::new();
    let count = options.lanes.max(1);
    let waiting = options.queue_max.div_ceil(count);
    for number in 0..count {
        // Batches weigh as much as they have items.
        let limits = Limits { messages_max: waiting, weight_max: waiting.saturating_mul(64) };
        let (lane, inbox) = queue::queue(limits);
        let taken = Arc::new(Taken::default());
        lanes.push(Door { sender: lane, taken: Arc::clone(&taken) });
        let lane = Lane { shared: Arc::clone(&shared), inbox, taken, session: None, careful: 0 };
        threads.push(spawn(&format!("lane-{number}"), move || lane.run())?);
    }
    let (every, rolled) = (options.housekeeping_every, Arc::clone(&shared));
    threads.push(spawn("rolling", move || rolling::run(&rolled, &rolling_stopped, every))?);
    let postgres = Arc::new(Postgres {
        shared,
        secret,
        running: RunningClaims::default(),
        lanes: RwLock::new(lanes),
        threads: Mutex::default(),
        stop: Mutex::new(vec![stop, stop_rolling, stop_scrubbing]),
    });
    let watched = Arc::downgrade(&postgres);
    threads.push(spawn("housekeeping", move || {
        housekeeping::run(&watched, &stopped, database_clock.as_ref(), every);
    })?);
    if let Some(every) = options.scrub_every {
        let scrubbed = Arc::downgrade(&postgres);
        let run = move || scrub::run(&scrubbed, &scrubbing_stopped, every);
        threads.push(spawn("scrubber", run)?);
    }
    *postgres.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = threads;
    Ok(postgres)
}

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, OpenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::Thread)
}

/// A server that does not sync loses what it acknowledged when it stops without notice.
fn warn_if_unsafe(session: &Session) -> Result<(), StoreError> {
    for sql in ["show fsync", "show full_page_writes"] {
        let row = session.first(sql, &[])?;
        let value: Option<String> = row.and_then(|row| row.try_get(0).ok());
        if value.as_deref() == Some("off") {
            let setting = sql.trim_start_matches("show ");
            tracing::warn!(setting, "the database may lose what it acknowledged: this is off");
        }
    }
    if session.shards().is_distributed() {
        let sql = "
            select nodename || ':' || nodeport as worker
            from run_command_on_workers('show fsync') where result = 'off'";
        for row in session.query(sql, &[])? {
            let worker: &str = column(&row, "worker")?;
            tracing::warn!(worker, "the database may lose what it acknowledged: fsync is off");
        }
    }
    Ok(())
}

/// The database's secret, made by whoever comes first.
fn secret(session: &Session) -> Result<[u8; 32], OpenError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| OpenError::Random(error.to_string()))?;
    let sql = "insert into meta (name, value) values ('secret', $1) on conflict do nothing";
    session.query(sql, &[&&random[..]])?;
    let row = session.first("select value from meta where name = 'secret'", &[])?;
    let missing = || StoreError::Corrupt("meta: no secret".to_owned());
    let row = row.ok_or_else(missing)?;
    let value: &[u8] = column(&row, "value")?;
    Ok(value.try_into().map_err(|_| missing())?)
}
