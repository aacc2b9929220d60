//! The ledger in a directory: one process, one writer thread, rows appended to `ledger.db`.
//!
//! Wallets in use are in memory, the others in `snapshots.db`; names in `keys/`; both are written
//! behind and can be made again from the rows. Readers see published states and read-only
//! connections, never the writer's.

mod asking;
mod backup;
mod catch_up;
pub(crate) mod copying;
mod erasing;
mod evidence;
mod file;
mod gauges;
mod giving_way;
mod heads;
mod housekeeping;
mod keeper;
mod keys;
mod known_records;
mod mark;
mod mend;
mod names;
mod opening;
mod options;
mod publication;
mod reach;
mod readers;
mod recover;
mod rolling;
mod scrub;
mod snapshots;
mod stats;
pub(crate) mod tables;
mod unit;
mod up_to_date;
mod usage;
mod verify;
mod wallets;
mod warm;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row, Timestamp,
    WalletKey,
};

use crate::anchors::{HeadsBehind, Links};
use crate::clock::Clocks;
use crate::export;
use crate::published::{KeyHolders, Published as _, RunningClaims};
use crate::queue::Sender;
use crate::reading::{self, store_error};
use crate::reservations;
use crate::revenue;
use crate::slot::{Position, Slot};
use crate::work::Settings;
use crate::{
    Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery, ExportSlice,
    Figure, GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order, Page, Point,
    Record, RecordKind, RecordQuery, RecordTimes, ReservationQuery, ReservationView, RevenueBooks,
    RowQuery, RowView, StoredAnswer, UsageQuery, UsageSeries, WalletAt, Work,
};
use keeper::ToKeep;
use keys::KeyStore;
use known_records::KnownRecords;
use mark::MarkSync;
use names::Names;
use publication::Publication;
use readers::{Reader, Readers};
use wallets::Wallets;
use warm::AtOnce;
use writer::Message;

pub use backup::{
    BackedUp, BackupError, BackupFile, BackupStage, Proof, Restored, back_up, restore,
};
pub use evidence::Loss;
pub use gauges::Gauges;
pub use opening::OpenError;
pub use options::Options;
pub use recover::{Rebuilt, Recovered, rebuild, recover};
pub use stats::{FileSize, FrozenWallet, MarkStats, NameStats, StartCost, Stats, stats};
pub use tables::incidents::{Incident, IncidentKind};
pub use verify::{Verified, VerifyError, verify, verify_against};

/// What the threads share.
pub(crate) struct Shared {
    directory: PathBuf,
    wallets: Wallets,
    publication: Publication,
    keys: Arc<KeyStore>,
    names: Names,
    keep: ToKeep,
    key_holders: KeyHolders,
    known_records: KnownRecords,
    clocks: Clocks,
    settings: Settings,
    names_kept: Option<Duration>,
    adds_usage_up: bool,
    gauges: Gauges,
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
    readers: Arc<Readers>,
    running: RunningClaims,
    mark: MarkSync,
    secret: [u8; 32],
    queue: Sender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Dropped, these end the threads that only look after things.
    stops: Mutex<Vec<mpsc::Sender<()>>>,
}

impl Embedded {
    /// Opens a directory, or makes it, and knows again what was known. `progress` is told how many
    /// of how many rows are done.
    pub fn open(
        directory: &Path,
        options: Options,
        progress: impl FnMut(Position, Position),
    ) -> Result<Arc<Self>, OpenError> {
        opening::open(directory, options, progress)
    }

    /// Tells the process that owns a directory to follow its system clock again.
    pub fn accept_clock(directory: &Path) -> std::io::Result<()> {
        std::fs::write(housekeeping::accept_file(directory), b"")
    }

    /// Writes at once what is written behind, for whoever must know when. What cannot be written is
    /// tried again, like at any other time.
    pub fn write_behind(&self) {
        housekeeping::sync(&self.mark);
        self.shared.keep.behind.ask_and_wait();
    }

    /// Answers what was accepted, accepts nothing more, and closes.
    fn close_blocking(&self) {
        if let Some(wait) = self.begin_close() {
            wait();
        }
    }

    /// Tells all threads to end; the answer waits for them.
    fn begin_close(&self) -> Option<impl FnOnce() + Send + 'static> {
        self.shared.closed.store(true, Ordering::Release);
        self.stops.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // Also after a failure: the thread that failed need not be the writer. One that ended takes
        // nothing any more.
        let _ = self.queue.try_send_always(Message::Stop);
        (!threads.is_empty()).then_some(move || {
            for thread in threads {
                let _ = thread.join();
            }
        })
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let builder = std::thread::Builder::new().name(name.to_owned());
        let thread = builder.spawn(run).map_err(OpenError::Thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }
}

#[async_trait]
impl Ledger for Embedded {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        if let Some(customer) = reading::is_due_before(&order.work) {
            self.write_due_in(order.environment, customer).await?;
        }
        let moved = matches!(order.work, Work::MoveClock(_)).then_some(order.environment);
        let (order, checked) = match warm::warm_at_once(&self.shared, &order)? {
            AtOnce::Warm(checked) => (order, checked),
            AtOnce::Unsure(unsure) => {
                let checked = self.read(move |_, _| unsure.ask().map_err(store_error)).await?;
                (order, checked)
            }
            AtOnce::Cold => {
                let warm = move |reader: &Reader, shared: &Shared| {
                    warm::warm(reader, shared, &order).map(|checked| (order, checked))
                };
                self.read(warm).await?
            }
        };
        let executed = self.ask(|reply| Message::Order(Box::new(order), checked, reply)).await?;
        if let Some(environment) = moved
            && let Err(error) = self.write_all_due(environment).await
        {
            // The clock has moved, whatever else is answered: what is due is written later.
            tracing::warn!(%error, "not all that became due is written yet");
        }
        Ok(executed)
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        let Some(guard) = self.running.start(claim) else { return Ok(ClaimState::Running) };
        let known = self
            .read(move |reader, _| {
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

    fn key_holder(&self, key_hash: [u8; 32]) -> Result<Arc<KeyHolder>, KeyRefusal> {
        self.shared.key_holders.find(&key_hash, || self.shared.clocks.system().now())
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
        let found = self.shared_record(environment, kind, id).await?;
        Ok(found.map(Arc::unwrap_or_clone))
    }

    async fn shared_record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Arc<Record>>, LedgerError> {
        if let Some(known) = self.shared.known_records.whole((environment, kind), id) {
            return Ok(Some(known));
        }
        let id = id.to_owned();
        self.read(move |reader, shared| {
            let since = shared.known_records.since();
            let record = tables::record(&reader.connection, environment, kind, &id);
            let record = record.map_err(store_error)?.map(Arc::new);
            if let Some(record) = &record {
                shared.known_records.keep(since, record);
            }
            Ok(record)
        })
        .await
    }

    async fn record_times(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<RecordTimes>, LedgerError> {
        if let Some(times) = self.shared.known_records.times((environment, kind), id) {
            return Ok(Some(times));
        }
        let record = self.shared_record(environment, kind, id).await?;
        Ok(record.as_deref().map(RecordTimes::of))
    }

    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError> {
        self.read(move |reader, _| {
            let read = |page| tables::records(&reader.connection, &query, page);
            reading::by_ordinal(query.page, read).map_err(store_error)
        })
        .await
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        let balance = |slot: &Slot, clocks: &Clocks| {
            let has_rows = slot.wallet.sequence() > 0;
            has_rows.then(|| reading::balance(slot, clocks)).transpose().map_err(store_error)
        };
        if let Some(slot) = self.at_once(wallet) {
            return balance(&slot, &self.shared.clocks);
        }
        let (key, asked) = (wallet.clone(), wallet.clone());
        let read = move |_: &Reader, shared: &Shared| {
            let slot = shared.wallets.load(&key).map_err(store_error)?;
            balance(&slot, &shared.clocks)
        };
        self.read_now(move |_| Ok(vec![asked]), read).await
    }

    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError> {
        if let Some(known) = self.balances_at_once(environment, customer, resource) {
            return known;
        }
        let (customer, resource) = (customer.clone(), resource.cloned());
        let whose = customer.clone();
        let read = move |_: &Reader, Shared { wallets, clocks, .. }: &Shared| {
            reading::balances(wallets, clocks, environment, &customer, resource.as_ref())
                .map_err(store_error)
        };
        self.read_now(move |shared| shared.wallets.wallets_of(environment, &whose), read).await
    }

    async fn wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        if let Some(known) = self.shared.wallets.known_of_customer(environment, customer) {
            return Ok(known);
        }
        let customer = customer.clone();
        self.read(move |_, Shared { wallets, .. }| {
            wallets.wallets_of(environment, &customer).map_err(store_error)
        })
        .await
    }

    async fn wallet_at(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<WalletAt>, LedgerError> {
        let key = wallet.clone();
        let Some(at) = at else {
            if let Some(slot) = self.at_once(wallet) {
                let now = reading::wallet_now(&slot, &self.shared.clocks);
                return now.map(Some).map_err(store_error);
            }
            let asked = wallet.clone();
            let read = move |_: &Reader, Shared { wallets, clocks, .. }: &Shared| {
                let slot = wallets.slot(&key).map_err(store_error)?;
                let now = slot.map(|slot| reading::wallet_now(&slot, clocks));
                now.transpose().map_err(store_error)
            };
            return self.read_now(move |_| Ok(vec![asked]), read).await;
        };
        self.bring_up(move |_| Ok(vec![key])).await?;
        let key = wallet.clone();
        self.read(move |reader, shared| {
            reading::wallet_at(reader, &shared.wallets, &key, at).map_err(store_error)
        })
        .await
    }

    async fn explain(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<Explained>, LedgerError> {
        let now = self.shared.clocks.now(wallet.environment);
        self.write_due_or_fail(wallet).await?;
        let key = wallet.clone();
        self.read(move |reader, shared| {
            reading::explain(reader, &shared.wallets, &key, at, now).map_err(store_error)
        })
        .await
    }

    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError> {
        let find = move |reader: &Reader| {
            tables::grant(&reader.connection, environment, id).map_err(store_error)
        };
        let Some(record) = self.read(move |reader, _| find(reader)).await? else { return Ok(None) };
        let keys = self.bring_up(move |_| Ok(vec![record.wallet])).await?;
        self.read(move |reader, shared| {
            reader.at_one_instant(
                shared,
                |_| Ok(keys.clone()),
                |reader, living| {
                    let mut record = find(reader)?;
                    if let Some(record) = &mut record {
                        reading::enliven(record, living);
                    }
                    Ok(record)
                },
            )
        })
        .await
    }

    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError> {
        let asked = query.clone();
        let find = move |shared: &Shared| reading::wallets_of_grants(&shared.wallets, &asked);
        self.bring_up(find.clone()).await?;
        self.read(move |reader, shared| {
            reader.at_one_instant(shared, find, |reader, living| {
                let read = |page| tables::grants(&reader.connection, &query, page);
                let mut page = reading::by_ordinal(query.page, read).map_err(store_error)?;
                for (_, record) in &mut page.items {
                    reading::enliven(record, living);
                }
                Ok(page)
            })
        })
        .await
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        let asked = query.clone();
        let find = move |shared: &Shared| reading::wallets_of_rows(&shared.wallets, &asked);
        let keys = self.bring_up(find).await?;
        self.read(move |reader, shared| reading::rows(reader, &shared.wallets, &keys, &query)).await
    }

    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError> {
        if until.is_none() {
            self.write_due_in(query.environment, query.customer.clone()).await?;
        }
        self.read(move |reader, shared| {
            let until = until.map_or_else(|| reader.last_published(shared), Ok)?;
            export::slice(reader, &shared.wallets, &query, after, until).map_err(store_error)
        })
        .await
    }

    async fn add_up_revenue(
        &self,
        mut books: Box<RevenueBooks>,
    ) -> Result<Box<RevenueBooks>, LedgerError> {
        if books.is_new() {
            self.write_due_in(books.query().environment, None).await?;
        }
        self.read(move |reader, shared| {
            if books.is_new() {
                books.begin(reader.last_published(shared)?);
            }
            revenue::read_on(reader, &mut books).map_err(store_error)?;
            Ok(books)
        })
        .await
    }

    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError> {
        let (key, id) = (wallet.clone(), id.clone());
        let asked = wallet.clone();
        let read = move |reader: &Reader, Shared { wallets, clocks, .. }: &Shared| {
            reservations::reservation(reader, wallets, clocks, &key, &id).map_err(store_error)
        };
        self.read_now(move |_| Ok(vec![asked]), read).await
    }

    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError> {
        let (environment, whose) = (query.environment, query.customer.clone());
        let read = move |reader: &Reader, Shared { wallets, clocks, .. }: &Shared| {
            reservations::reservations(reader, wallets, clocks, &query)
        };
        self.read_now(move |shared| shared.wallets.wallets_of(environment, &whose), read).await
    }

    async fn events(&self, query: EventQuery) -> Result<Page<EventView>, LedgerError> {
        self.read(move |reader, _| {
            let read = |page| tables::events(&reader.connection, &query, page);
            reading::by_ordinal(query.page, read).map_err(store_error)
        })
        .await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
        self.read(move |reader, shared| usage::usage(reader, shared, &query)).await
    }

    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError> {
        self.write_due_or_fail(wallet).await?;
        let key = wallet.clone();
        self.read(move |reader, shared| reading::row_at(reader, &shared.wallets, &key, at)).await
    }

    async fn heads_behind(&self, position: u64) -> Result<HeadsBehind, LedgerError> {
        self.read(move |reader, shared| {
            let last = reader.last_published(shared)?;
            heads::behind(&reader.connection, position, last).map_err(store_error)
        })
        .await
    }

    async fn links(&self, wallet: &WalletKey, from: u64, most: u64) -> Result<Links, LedgerError> {
        let wallet = wallet.clone();
        self.read(move |reader, shared| {
            reading::links(reader, &shared.wallets, &wallet, from, most).map_err(store_error)
        })
        .await
    }

    async fn erase_behind(&self, wallets: Vec<(WalletKey, u64)>) -> Result<(), LedgerError> {
        self.erase_behind_rows(wallets).await
    }

    fn figures(&self) -> Vec<Figure> {
        keeper::show(&self.shared);
        let gauges = &self.shared.gauges;
        gauges.queue_orders.set(self.queue.len() as u64);
        gauges.queue_weight.set(self.queue.weight() as u64);
        gauges.snapshot()
    }

    async fn close(&self) {
        let Some(wait) = self.begin_close() else { return };
        let _ = tokio::task::spawn_blocking(wait).await;
    }
}
