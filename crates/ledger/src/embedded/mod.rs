//! The ledger in a directory: one process, one writer thread, rows appended to `ledger.db`.
//!
//! Wallets and names are in memory and rebuilt at start by folding the rows again. Readers see
//! published states and read-only connections, never the writer's.

mod audit;
mod file;
mod housekeeping;
mod opening;
mod readers;
mod replay;
mod tables;
mod unit;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ResourceId, Row, Timestamp, WalletKey,
};
use tokio::sync::oneshot;

use crate::clock::Clocks;
use crate::reading::{self, store_error};
use crate::record::key_holder_of;
use crate::slot::Position;
use crate::views::{RunningClaims, Views};
use crate::work::{CLOCK_MEMBER, Settings};
use crate::{
    Claim, ClaimState, Executed, GrantQuery, GrantView, KeyHolder, Ledger, LedgerError, Order,
    Page, Record, RecordKind, RecordQuery, RowQuery, RowView, SYSTEM, StoredAnswer, Work,
};
use readers::{Reader, Readers};
use replay::Replay;
use unit::{Base, Last};
use writer::{Message, Reply};

pub use opening::{OpenError, Options};
pub use replay::Finding;
pub use verify::{Verified, VerifyError, verify};

/// What the writer and the readers share.
pub(crate) struct Shared {
    views: Views,
    clocks: Clocks,
    settings: Settings,
    closed: AtomicBool,
    on_failure: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    fn fail(&self, reason: &str) {
        self.closed.store(true, Ordering::Release);
        tracing::error!(reason, "nothing more can be made durable; the ledger stops");
        (self.on_failure)(reason);
    }
}

/// The ledger in a directory.
pub struct Embedded {
    shared: Arc<Shared>,
    directory: PathBuf,
    readers: Arc<Readers>,
    running: RunningClaims,
    secret: [u8; 32],
    queue: SyncSender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop_housekeeping: Mutex<Option<Sender<()>>>,
}

impl Embedded {
    /// Opens a directory, or makes it, and folds its rows again. `progress` is told how many of
    /// how many rows are folded.
    pub fn open(
        directory: &Path,
        options: Options,
        progress: impl FnMut(Position, Position),
    ) -> Result<Arc<Self>, OpenError> {
        let lock = file::own_directory(directory)?;
        let connection = file::open_writer(directory)?;
        if let Some(pages) = options.pages_max {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        let shared = Arc::new(Shared {
            views: Views::default(),
            clocks: Clocks::new(options.clock),
            settings: options.settings,
            closed: AtomicBool::new(false),
            on_failure: options.on_failure,
        });
        let base = load(&connection, &shared, progress)?;
        let (queue, inbox) = sync_channel(options.queue_max);
        let (stop, stopped) = channel();
        let ledger = Arc::new(Self {
            shared: Arc::clone(&shared),
            directory: directory.to_owned(),
            readers: Arc::new(Readers::new(directory)),
            running: RunningClaims::default(),
            secret: file::secret(&connection)?,
            queue,
            threads: Mutex::default(),
            stop_housekeeping: Mutex::new(Some(stop)),
        });
        let write = move || {
            writer::run(&connection, &shared, base, &inbox);
            // The directory is held as long as anybody may write.
            drop(connection);
            drop(lock);
        };
        let weak = Arc::downgrade(&ledger);
        let keep_house = move || housekeeping::run(&weak, &stopped);
        ledger.spawn("ledger-writer", write)?;
        ledger.spawn("ledger-housekeeping", keep_house)?;
        Ok(ledger)
    }

    /// Tells the process that owns a directory to follow its system clock again.
    pub fn accept_clock(directory: &Path) -> std::io::Result<()> {
        std::fs::write(housekeeping::accept_file(directory), b"")
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let builder = std::thread::Builder::new().name(name.to_owned());
        let thread = builder.spawn(run).map_err(OpenError::Thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    fn send(&self, message: Message) -> Result<(), LedgerError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(LedgerError::Closed);
        }
        self.queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => LedgerError::Busy,
            TrySendError::Disconnected(_) => LedgerError::Closed,
        })
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Asks from a thread that may wait.
    fn ask_blocking<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.blocking_recv().unwrap_or(Err(LedgerError::Closed))
    }

    /// Carries out an order from a thread that may wait.
    fn execute_blocking(&self, order: Order) -> Result<Executed, LedgerError> {
        self.ask_blocking(|reply| Message::Order(Box::new(order), reply))
    }

    /// Forgets some old answers; whether there may be more.
    fn prune(
        &self,
        claims_before: Timestamp,
        attempts_before: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.ask_blocking(|reply| Message::Prune(claims_before, attempts_before, reply))
    }

    /// Reads in a thread that may wait.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.read(read))
            .await
            .unwrap_or_else(|error| Err(LedgerError::Internal(format!("a reader: {error}"))))
    }

    async fn write_due(&self, keys: &[WalletKey]) -> Result<(), LedgerError> {
        reading::write_due(self, &self.shared.views, &self.shared.clocks, keys).await
    }
}

/// Knows again what was known before the last stop.
fn load(
    connection: &rusqlite::Connection,
    shared: &Shared,
    progress: impl FnMut(Position, Position),
) -> Result<Base, OpenError> {
    let damaged = |error: crate::work::StoreError| Finding::from(error);
    let until = tables::last_position(connection).map_err(damaged)?;
    let mut replay = Replay::to_serve(connection).map_err(damaged)?;
    replay.run(connection, until, progress)?;
    replay.check_wallets()?;
    let environments = tables::all_records(connection, SYSTEM, RecordKind::Environment);
    for record in environments.map_err(damaged)? {
        let clock = record.body.get(CLOCK_MEMBER).and_then(serde_json::Value::as_i64);
        let now = clock.and_then(|at| Timestamp::from_milliseconds(at).ok());
        if let (Some(now), Ok(number)) = (now, record.id.parse()) {
            shared.clocks.set(EnvironmentId(number), now);
        }
    }
    let keys = tables::all_records(connection, SYSTEM, RecordKind::ApiKey).map_err(damaged)?;
    for (hash, holder) in keys.iter().filter_map(key_holder_of) {
        shared.views.publish_key(hash, holder);
    }
    let last = Last {
        position: until,
        wallet: replay.slots.keys().copied().max().unwrap_or(0),
        record: tables::last_record(connection).map_err(damaged)?,
        grant: tables::last_grant(connection).map_err(damaged)?,
    };
    for slot in replay.slots.into_values().filter(|slot| slot.wallet.sequence() > 0) {
        shared.views.publish(slot);
    }
    Ok(Base { names: replay.names, last, ..Base::default() })
}

#[async_trait]
impl Ledger for Embedded {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        let moved = matches!(order.work, Work::MoveClock(_)).then_some(order.environment);
        let executed = self.ask(|reply| Message::Order(Box::new(order), reply)).await?;
        if let Some(environment) = moved {
            let (views, clocks) = (&self.shared.views, &self.shared.clocks);
            // Housekeeping goes on with it if the caller leaves.
            loop {
                match reading::write_all_due(self, views, clocks, environment).await {
                    Err(LedgerError::Busy) => {
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    other => break other?,
                }
            }
        }
        Ok(executed)
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        let Some(guard) = self.running.start(claim) else { return Ok(ClaimState::Running) };
        let known = self
            .read(move |reader| {
                tables::claimed(&reader.connection, claim.scope).map_err(store_error)
            })
            .await?;
        Ok(match known {
            None => ClaimState::Open(guard),
            Some((body, answer)) if body == claim.body => ClaimState::Answered(answer),
            Some(_) => ClaimState::OtherBody,
        })
    }

    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError> {
        self.ask(|reply| Message::AnswerClaim(claim, answer, reply)).await
    }

    fn key_holder(&self, key_hash: [u8; 32]) -> Option<KeyHolder> {
        self.shared.views.key_holder(&key_hash)
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        self.shared.clocks.now(environment)
    }

    fn trusted_time(&self) -> Option<Timestamp> {
        let system = self.shared.clocks.system();
        system.is_trusted().then(|| system.now())
    }

    fn secret(&self) -> [u8; 32] {
        self.secret
    }

    async fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, LedgerError> {
        let id = id.to_owned();
        self.read(move |reader| {
            tables::record(&reader.connection, environment, kind, &id).map_err(store_error)
        })
        .await
    }

    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError> {
        self.read(move |reader| {
            let read = |page| tables::records(&reader.connection, &query, page);
            reading::by_ordinal(query.page, read).map_err(store_error)
        })
        .await
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        self.shared.views.balance(wallet, &self.shared.clocks).map_err(store_error)
    }

    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError> {
        let Shared { views, clocks, .. } = self.shared.as_ref();
        views.balances(environment, customer, resource, clocks).map_err(store_error)
    }

    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError> {
        let find = move |reader: &Reader| {
            tables::grant(&reader.connection, environment, id).map_err(store_error)
        };
        let Some(record) = self.read(find).await? else { return Ok(None) };
        let keys = [record.wallet];
        self.write_due(&keys).await?;
        let living = reading::living(&self.shared.views, &self.shared.clocks, &keys);
        let mut record = self.read(find).await?;
        if let Some(record) = &mut record {
            reading::enliven(record, &living);
        }
        Ok(record)
    }

    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError> {
        let keys = reading::wallets_of_grants(&self.shared.views, &query);
        self.write_due(&keys).await?;
        let living = reading::living(&self.shared.views, &self.shared.clocks, &keys);
        self.read(move |reader| {
            let read = |page| tables::grants(&reader.connection, &query, page);
            let mut page = reading::by_ordinal(query.page, read).map_err(store_error)?;
            for (_, record) in &mut page.items {
                reading::enliven(record, &living);
            }
            Ok(page)
        })
        .await
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        let keys = reading::wallets_of_rows(&self.shared.views, &query);
        self.write_due(&keys).await?;
        let shared = Arc::clone(&self.shared);
        self.read(move |reader| reading::rows(reader, &shared.views, &keys, &query)).await
    }

    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError> {
        let (views, clocks) = (&self.shared.views, &self.shared.clocks);
        reading::write_due_or_fail(self, views, clocks, wallet).await?;
        let (shared, wallet) = (Arc::clone(&self.shared), wallet.clone());
        self.read(move |reader| reading::row_at(reader, &shared.views, &wallet, at)).await
    }

    async fn close(&self) {
        let was_closed = self.shared.closed.swap(true, Ordering::AcqRel);
        drop(self.stop_housekeeping.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let queue = self.queue.clone();
        let wait = move || {
            if !was_closed {
                let _ = queue.send(Message::Stop);
            }
            for thread in threads {
                let _ = thread.join();
            }
        };
        let _ = tokio::task::spawn_blocking(wait).await;
    }
}
