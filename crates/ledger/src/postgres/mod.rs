//! The ledger in a PostgreSQL database: any number of nodes, no coordination but the database.
//!
//! Orders are queued in lanes; each lane carries out what waits in one transaction. What a transaction
//! decides about is locked by it, or it is refused if others changed it meanwhile, so that nodes need not
//! know of each other. What is kept between transactions is not believed.

mod certificates;
pub(crate) mod copying;
mod database;
mod distributing;
mod doors;
mod erasing;
mod flight;
mod gate;
mod gauges;
mod heads;
mod horizon;
mod housekeeping;
mod kept;
mod known;
mod lane;
mod migrate;
mod opening;
mod reader;
mod rolling;
mod scrub;
mod session;
mod sessions;
mod shards;
mod tables;
mod tls;
mod trouble;
mod turns;
mod unit;
mod up_to_date;
mod url;
mod usage;
mod verify;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row, Timestamp,
    WalletKey,
};
use tokio::sync::oneshot;
use tracing::Span;

use crate::anchors::{HeadsBehind, Links};
use crate::clock::Clocks;
use crate::export;
use crate::published::{KeyHolders, Published as _, RunningClaims};
use crate::queue::Refused;
use crate::reading::{self, store_error};
use crate::reservations;
use crate::revenue;
use crate::work::Settings;
use crate::{
    Answer, Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery,
    ExportSlice, Figure, GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order,
    Page, Point, Record, RecordKind, RecordQuery, ReservationQuery, ReservationView, RevenueBooks,
    RowQuery, RowView, StoredAnswer, UsageQuery, UsageSeries, WalletAt, Work,
};
use database::Database;
use doors::Door;
use gate::Gate;
use gauges::Gauges;
use kept::Kept;
use lane::Waiting;
use reader::Reader;
use sessions::{Sessions, Whose, ask_with, read};
use tables::records::Place;
use tables::{answers, bucket_column, bucket_of, events, grants, records};
use turns::Turn;

pub use distributing::NotDistributed;
pub use migrate::Migrated;
pub use opening::{OpenError, Options, distribute, migrate};
pub use verify::{Verified, VerifyError, verify, verify_against};

/// What the threads share.
pub(crate) struct Shared {
    database: Database,
    sessions: Sessions,
    clocks: Clocks,
    /// The ordinal of the last environment's old number of which this node has learnt.
    last_retired: AtomicU64,
    key_holders: KeyHolders,
    settings: Settings,
    names_kept: Option<Duration>,
    gauges: Gauges,
    kept: Kept,
    gate: Gate,
    telling: Turn,
    anchoring: Turn,
    closed: AtomicBool,
}

/// The ledger in a database, as one of its nodes.
pub struct Postgres {
    shared: Arc<Shared>,
    secret: [u8; 32],
    running: RunningClaims,
    /// Dropped, they end the lanes.
    lanes: RwLock<Vec<Door>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Dropped, they end the housekeeping and the adding up.
    stop: Mutex<Vec<mpsc::Sender<()>>>,
}

impl Postgres {
    /// Opens a database, whose tables are made or changed if that is wanted. Needs a runtime with
    /// threads, and a thread that may wait.
    pub fn open(url: &str, options: Options) -> Result<Arc<Self>, OpenError> {
        opening::open(url, options)
    }

    /// Puts an order into a lane.
    fn send(&self, order: Order, wallet: Option<WalletKey>) -> Result<Reply, LedgerError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(LedgerError::Closed);
        }
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let bucket = usize::try_from(bucket_of_order(&order, wallet.as_ref())).unwrap_or(0);
        let Some(lane) = doors::choose(&lanes, &order.work, bucket) else {
            return Err(LedgerError::Closed);
        };
        let (reply, answer) = oneshot::channel();
        let (environment, weight) = (order.environment, order.work.weight());
        let span = Span::current();
        let waiting = Waiting { order: Box::new(order), wallet, reply, span };
        lane.sender.try_send(environment, weight, waiting).map_err(|refused| match refused {
            Refused::Full(_) => LedgerError::Busy,
            Refused::Closed(_) => LedgerError::Closed,
        })?;
        Ok(answer)
    }

    /// The wallet of the grant that an order changes.
    async fn wallet_of_grant(&self, order: &Order) -> Result<Option<WalletKey>, LedgerError> {
        let Some(id) = order.work.grant() else { return Ok(None) };
        let environment = order.environment;
        let find = move |session: &session::Session, _: &Shared| {
            grants::grant(session, environment, id).map_err(store_error)
        };
        Ok(ask_with(&self.shared, find).await?.map(|record| record.wallet))
    }

    /// Tells all threads to end; the answer waits for them.
    fn begin_close(&self) -> impl FnOnce() + Send + 'static {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.telling.end();
        self.shared.anchoring.end();
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.lanes.write().unwrap_or_else(PoisonError::into_inner).clear();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        move || {
            for thread in threads {
                let _ = thread.join();
            }
        }
    }

    /// Reads of a customer.
    async fn read_of<T: Send + 'static>(
        &self,
        key: &WalletKey,
        question: impl Fn(&Reader<'_>, &Shared) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        read(&self.shared, whose(key), question).await
    }
}

type Reply = oneshot::Receiver<Result<Executed, LedgerError>>;

/// The customer of a wallet.
fn whose(key: &WalletKey) -> Whose {
    Some((key.environment, key.customer.clone()))
}

/// Where an order's customer lies; 0 for what belongs to no customer.
fn bucket_of_order(order: &Order, wallet: Option<&WalletKey>) -> i16 {
    let of_wallet = |key: &WalletKey| bucket_of(key.environment, &key.customer);
    let named = order.work.wallets().first().copied().or(wallet).map(of_wallet);
    named.or_else(|| order.work.grant().map(|id| bucket_column(id.bucket()))).unwrap_or(0)
}

#[async_trait]
impl Ledger for Postgres {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        if let Some(customer) = reading::is_due_before(&order.work) {
            self.write_due_in(order.environment, customer).await?;
        }
        let moved = matches!(order.work, Work::MoveClock(_)).then_some(order.environment);
        let wallet = self.wallet_of_grant(&order).await?;
        let answer = self.send(order, wallet)?;
        let executed = answer.await.unwrap_or(Err(LedgerError::Closed))?;
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
        let find = move |session: &session::Session, _: &Shared| {
            answers::claimed(session, claim.scope).map_err(store_error)
        };
        Ok(match ask_with(&self.shared, find).await? {
            None => ClaimState::Open(guard),
            Some((body, answer)) if body == claim.body => ClaimState::Answered(answer),
            Some(_) => ClaimState::OtherBody,
        })
    }

    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError> {
        ask_with(&self.shared, move |session, shared| {
            let now = shared.clocks.system().now().milliseconds();
            answers::store_claim(session, claim, &answer, now).map_err(store_error)
        })
        .await
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
        let place = Place::new(environment, kind, id);
        let find = move |session: &session::Session, shared: &Shared| {
            let record = records::record(session, &place).map_err(store_error)?;
            // A key that another node made is known as soon as it is seen.
            record.iter().for_each(|record| shared.key_holders.publish(record));
            Ok(record)
        };
        ask_with(&self.shared, find).await
    }

    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError> {
        read(&self.shared, None, move |reader, _| {
            let read = |page| records::records(reader.session(), &query, page);
            reading::by_ordinal(query.page, read).map_err(store_error)
        })
        .await
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        let key = wallet.clone();
        let read = move |reader: &Reader<'_>, Shared { clocks, .. }: &Shared| {
            let slot = reader.slot(&key).map_err(store_error)?;
            let balance = slot.map(|slot| reading::balance(&slot, clocks));
            balance.transpose().map_err(store_error)
        };
        self.read_now(whose(wallet), of_wallet(wallet), read).await
    }

    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError> {
        let (whom, resource) = (customer.clone(), resource.cloned());
        let read = move |reader: &Reader<'_>, Shared { clocks, .. }: &Shared| {
            reading::balances(reader, clocks, environment, &whom, resource.as_ref())
                .map_err(store_error)
        };
        let whom = Some((environment, customer.clone()));
        self.read_now(whom, of_customer(environment, customer), read).await
    }

    async fn wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        let find = of_customer(environment, customer);
        let whose = Some((environment, customer.clone()));
        read(&self.shared, whose, move |reader, _| find(reader).map_err(store_error)).await
    }

    async fn wallet_at(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<WalletAt>, LedgerError> {
        let key = wallet.clone();
        let Some(at) = at else {
            let read = move |reader: &Reader<'_>, Shared { clocks, .. }: &Shared| {
                let slot = reader.slot(&key).map_err(store_error)?;
                let now = slot.map(|slot| reading::wallet_now(&slot, clocks));
                now.transpose().map_err(store_error)
            };
            return self.read_now(whose(wallet), of_wallet(wallet), read).await;
        };
        self.bring_up(whose(wallet), of_wallet(wallet)).await?;
        self.read_of(wallet, move |reader, _| {
            reading::wallet_at(reader, reader, &key, at).map_err(store_error)
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
        self.read_of(wallet, move |reader, _| {
            reading::explain(reader, reader, &key, at, now).map_err(store_error)
        })
        .await
    }

    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError> {
        let find = move |session: &session::Session| {
            grants::grant(session, environment, id).map_err(store_error)
        };
        let found = ask_with(&self.shared, move |session, _| find(session)).await?;
        let Some(record) = found else { return Ok(None) };
        let keys = self.bring_up(whose(&record.wallet), of_wallet(&record.wallet)).await?;
        self.read_of(&record.wallet, move |reader, Shared { clocks, .. }| {
            let living = reading::living(reader, clocks, &keys).map_err(store_error)?;
            let mut record = find(reader.session())?;
            if let Some(record) = &mut record {
                reading::enliven(record, &living);
            }
            Ok(record)
        })
        .await
    }

    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError> {
        let whose = Some((query.environment, query.customer.clone()));
        let asked = query.clone();
        let find = move |reader: &Reader<'_>| reading::wallets_of_grants(reader, &asked);
        self.bring_up(whose.clone(), find.clone()).await?;
        read(&self.shared, whose, move |reader, Shared { clocks, .. }| {
            let keys = find(reader).map_err(store_error)?;
            let living = reading::living(reader, clocks, &keys).map_err(store_error)?;
            let read = |page| grants::grants(reader.session(), &query, page);
            let mut page = reading::by_ordinal(query.page, read).map_err(store_error)?;
            for (_, record) in &mut page.items {
                reading::enliven(record, &living);
            }
            Ok(page)
        })
        .await
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        let whose = Some((query.environment, query.customer.clone()));
        let asked = query.clone();
        let find = move |reader: &Reader<'_>| reading::wallets_of_rows(reader, &asked);
        let keys = self.bring_up(whose.clone(), find).await?;
        read(&self.shared, whose, move |reader, _| reading::rows(reader, reader, &keys, &query))
            .await
    }

    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError> {
        let until = match until {
            Some(until) => until,
            None => {
                self.write_due_in(query.environment, query.customer.clone()).await?;
                self.horizon().await?.entries
            }
        };
        let whose = query.customer.clone().map(|customer| (query.environment, customer));
        read(&self.shared, whose, move |reader, _| {
            export::slice(reader, reader, &query, after, until).map_err(store_error)
        })
        .await
    }

    async fn add_up_revenue(
        &self,
        mut books: Box<RevenueBooks>,
    ) -> Result<Box<RevenueBooks>, LedgerError> {
        if books.is_new() {
            self.write_due_in(books.query().environment, None).await?;
            books.begin(self.horizon().await?.entries);
        }
        // Asked again after a failure, they go on behind the last row that is in them.
        let books = Mutex::new(Some(books));
        read(&self.shared, None, move |reader, _| {
            let gone = || LedgerError::Internal("the books of a report were answered".to_owned());
            let mut kept = books.lock().unwrap_or_else(PoisonError::into_inner);
            let reading = kept.as_mut().ok_or_else(gone)?;
            revenue::read_on(reader, reading).map_err(store_error)?;
            kept.take().ok_or_else(gone)
        })
        .await
    }

    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError> {
        let (key, id) = (wallet.clone(), id.clone());
        let read = move |reader: &Reader<'_>, Shared { clocks, .. }: &Shared| {
            reservations::reservation(reader, reader, clocks, &key, &id).map_err(store_error)
        };
        self.read_now(whose(wallet), of_wallet(wallet), read).await
    }

    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError> {
        let whose = Some((query.environment, query.customer.clone()));
        let find = of_customer(query.environment, &query.customer);
        let read = move |reader: &Reader<'_>, Shared { clocks, .. }: &Shared| {
            reservations::reservations(reader, reader, clocks, &query)
        };
        self.read_now(whose, find, read).await
    }

    async fn events(&self, query: EventQuery) -> Result<Page<EventView>, LedgerError> {
        let until = self.horizon().await?.events;
        read(&self.shared, None, move |reader, _| {
            let read = |page| {
                let found = events::events(reader.session(), &query, page, until)?;
                let view = |event| {
                    let view = EventView::of(event, reader)?;
                    Ok((view.event.point().position, view))
                };
                found.into_iter().map(view).collect()
            };
            reading::by_ordinal(query.page, read).map_err(store_error)
        })
        .await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
        let wallet = query.wallet.clone();
        self.read_of(&wallet, move |reader, _| usage::usage(reader, &query)).await
    }

    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError> {
        self.write_due_or_fail(wallet).await?;
        let key = wallet.clone();
        self.read_of(wallet, move |reader, _| reading::row_at(reader, reader, &key, at)).await
    }

    async fn heads_behind(&self, position: u64) -> Result<HeadsBehind, LedgerError> {
        let last = self.horizon().await?.entries;
        ask_with(&self.shared, move |session, _| {
            heads::behind(session, position, last).map_err(store_error)
        })
        .await
    }

    async fn links(&self, wallet: &WalletKey, from: u64, most: u64) -> Result<Links, LedgerError> {
        let key = wallet.clone();
        self.read_of(wallet, move |reader, _| {
            reading::links(reader, reader, &key, from, most).map_err(store_error)
        })
        .await
    }

    fn figures(&self) -> Vec<Figure> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let waiting: usize = lanes.iter().map(|lane| lane.sender.len()).sum();
        self.shared.gauges.queue_orders.set(waiting as u64);
        self.shared.gauges.snapshot()
    }

    async fn erase_behind(&self, wallets: Vec<(WalletKey, u64)>) -> Result<(), LedgerError> {
        let shared = Arc::clone(&self.shared);
        let erased = tokio::task::spawn_blocking(move || erasing::usage_of(&shared, &wallets));
        let erased = erased.await.map_err(|error| LedgerError::Internal(error.to_string()))?;
        erased.map_err(store_error)
    }

    async fn tells_the_world(&self) -> Result<bool, LedgerError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(LedgerError::Closed);
        }
        Turn::is_ours(&self.shared, |shared| &shared.telling).await
    }

    async fn signs_anchors(&self) -> Result<bool, LedgerError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(LedgerError::Closed);
        }
        Turn::is_ours(&self.shared, |shared| &shared.anchoring).await
    }

    async fn close(&self) {
        let wait = self.begin_close();
        let _ = tokio::task::spawn_blocking(wait).await;
    }
}

/// Finds one wallet.
fn of_wallet(
    wallet: &WalletKey,
) -> impl Fn(&Reader<'_>) -> Result<Vec<WalletKey>, crate::work::StoreError> + Send + Clone + 'static
{
    let keys = vec![wallet.clone()];
    move |_| Ok(keys.clone())
}

/// Finds a customer's wallets.
fn of_customer(
    environment: EnvironmentId,
    customer: &CustomerId,
) -> impl Fn(&Reader<'_>) -> Result<Vec<WalletKey>, crate::work::StoreError> + Send + Clone + 'static
{
    let customer = customer.clone();
    move |reader| reader.wallets_of(environment, &customer)
}

/// How many rows were written by orders that let time pass.
fn rows_of(executed: Result<Executed, LedgerError>) -> usize {
    match executed {
        Ok(Executed::Fresh(Answer::Advanced(advanced))) => advanced.rows,
        _ => 0,
    }
}
