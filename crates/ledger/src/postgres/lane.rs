//! A lane: a thread with a connection, which takes what waits and carries it out in one transaction.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::WalletKey;
use tokio::sync::oneshot;
use tracing::Span;

use super::Shared;
use super::doors::Taken;
use super::flight::{self, Begun, Hold, Needs, clock_of};
use super::horizon;
use super::session::Session;
use super::shards::{Shard, Shards};
use super::tables::entries;
use super::trouble::Trouble;
use super::unit::{Changes, Unit};
use crate::queue::Receiver;
use crate::reading::{advance, failure};
use crate::work::{self, Failure, StoreError};
use crate::{Executed, LedgerError, Order, SPANS, Work};

/// What a transaction takes in at most; more waits for the next.
const BATCH_WEIGHT_MAX: usize = 1_024;
/// How often a transaction that met others is tried again as a whole, and an order alone.
const TRIES_TOGETHER: u32 = 2;
const TRIES_ALONE: u32 = 20;
/// How many transactions lock their wallets after one that did not met others.
const CAREFUL_FOR: u32 = 16;
/// How long a transaction waits for others of its node that concern the same wallets: as long as for
/// a lock.
const PASS_WITHIN: Duration = Duration::from_secs(5);
/// How long a lane goes on trying to reach the database for the orders that it has.
const REACH_WITHIN: Duration = Duration::from_secs(10);
const REACH_PAUSE: Duration = Duration::from_millis(100);

/// An order that waits.
pub struct Waiting {
    /// The order.
    pub order: Box<Order>,
    /// The wallet of the grant that it names, if it names only that.
    pub wallet: Option<WalletKey>,
    /// Who waits for the answer.
    pub reply: Reply,
    /// What its waiting is part of, where its trace is made.
    pub span: Span,
}

impl Waiting {
    fn answer(self, outcome: Result<Executed, LedgerError>) {
        let Self { reply, span, .. } = self;
        // The waiting ends with the answer, not behind it.
        drop(span);
        // A caller that went away does not undo what it asked for.
        let _ = reply.send(outcome);
    }
}

/// Who waits for an answer.
pub type Reply = oneshot::Sender<Result<Executed, LedgerError>>;

type Outcomes = Vec<Result<Executed, LedgerError>>;

/// A lane.
pub struct Lane {
    /// What all lanes share.
    pub shared: Arc<Shared>,
    /// What waits for it.
    pub inbox: Receiver<Waiting>,
    /// What it took and has not answered yet.
    pub taken: Arc<Taken>,
    /// Its connection, while there is one.
    pub session: Option<Session>,
    /// How many of the next transactions lock their wallets, because others are about.
    pub careful: u32,
}

/// Why a transaction did not answer its orders.
enum Stop {
    /// A wallet was changed by others since it was looked at; nothing was done.
    Changed,
    /// Others were faster; nothing was done.
    Conflict,
    /// Others took too long; nothing was done.
    TimedOut,
    /// There is no room; nothing was done.
    DiskFull,
    /// The connection is gone; nothing was done.
    Lost,
    /// The connection went while the transaction was being committed.
    InDoubt(Box<InDoubt>),
    /// One order cannot be carried out.
    Poison(usize, LedgerError),
    /// Something is wrong with the database; nothing was done.
    Failed(String),
}

/// A transaction of which nobody said whether it was committed.
struct InDoubt {
    transaction: String,
    last_entry: Option<(i16, i64, i32)>,
    changes: Changes,
    outcomes: Outcomes,
}

impl Lane {
    /// Works until nothing more can arrive.
    pub fn run(mut self) {
        while let Some(batch) = self.inbox.recv_batch(BATCH_WEIGHT_MAX) {
            let weight = batch.iter().map(|waiting| waiting.order.work.weight()).sum();
            self.taken.set(Some(weight));
            match self.reach().map(|session| session.shards().clone()) {
                Some(shards) => {
                    for batch in apart(batch, &shards) {
                        self.work_off(batch, 0);
                    }
                }
                None => refuse(batch, &LedgerError::Unavailable),
            }
            self.taken.set(None);
        }
    }

    /// Carries out some orders together, and answers them all. How often they were tried before.
    fn work_off(&mut self, mut batch: Vec<Waiting>, tried: u32) {
        let mut tried = tried;
        let begin = Instant::now();
        while !batch.is_empty() {
            match self.attempt(&batch) {
                Ok((changes, outcomes)) => return self.answer(batch, &changes, outcomes),
                Err(Stop::Changed) => {
                    self.shared.gauges.conflicts.increment();
                    self.careful = CAREFUL_FOR;
                }
                Err(Stop::Conflict) if batch.len() > 1 && tried >= TRIES_TOGETHER => {
                    let rest = batch.split_off(batch.len() / 2);
                    self.work_off(batch, tried);
                    return self.work_off(rest, tried);
                }
                Err(Stop::Conflict) if tried < TRIES_ALONE => {
                    self.shared.gauges.conflicts.increment();
                    std::thread::sleep(pause_after(tried));
                    tried += 1;
                }
                Err(Stop::TimedOut | Stop::DiskFull) if batch.len() > 1 => {
                    // One order must not keep all that waited with it from being carried out.
                    for waiting in batch {
                        self.work_off(vec![waiting], TRIES_TOGETHER);
                    }
                    return;
                }
                Err(Stop::Conflict | Stop::TimedOut) => {
                    return refuse(batch, &LedgerError::Busy);
                }
                Err(Stop::DiskFull) => return refuse(batch, &LedgerError::DiskFull),
                Err(Stop::Lost) => {
                    self.session = None;
                    if begin.elapsed() > REACH_WITHIN {
                        return refuse(batch, &LedgerError::Unavailable);
                    }
                }
                Err(Stop::InDoubt(in_doubt)) => {
                    self.session = None;
                    match self.resolve(&in_doubt) {
                        Some(true) => {
                            let InDoubt { changes, outcomes, .. } = *in_doubt;
                            return self.answer(batch, &changes, outcomes);
                        }
                        Some(false) => {}
                        None => return refuse(batch, &LedgerError::Unavailable),
                    }
                }
                Err(Stop::Poison(index, error)) => {
                    let poison = batch.remove(index);
                    batch.splice(index..index, isolate(poison, &error));
                }
                Err(Stop::Failed(text)) => {
                    // Where the buckets lie is asked again with the next connection.
                    self.session = self.session.take().filter(|it| !it.shards().is_distributed());
                    tracing::error!(error = text, "the database refused a transaction");
                    return refuse(batch, &LedgerError::Internal(text));
                }
            }
        }
    }

    /// Its connection; if there is none, one is made, as long as that may take.
    fn reach(&mut self) -> Option<&Session> {
        let begin = Instant::now();
        if self.session.as_ref().is_some_and(|session| !session.is_open()) {
            self.session = None;
        }
        while self.session.is_none() {
            match self.shared.database.connect() {
                Ok(session) => self.session = Some(session),
                Err(error) => {
                    self.shared.gauges.connections_failed.increment();
                    if begin.elapsed() > REACH_WITHIN {
                        tracing::warn!(%error, "the database cannot be reached");
                        return None;
                    }
                    std::thread::sleep(REACH_PAUSE);
                }
            }
        }
        self.session.as_ref()
    }

    /// One transaction. Unless it is in doubt, an error means that it did nothing.
    fn attempt(&mut self, batch: &[Waiting]) -> Result<(Changes, Outcomes), Stop> {
        let shared = Arc::clone(&self.shared);
        let is_careful = self.careful > 0;
        self.careful = self.careful.saturating_sub(1);
        let Some(session) = self.reach() else { return Err(Stop::Lost) };
        let hold = if is_careful { Hold::Locks } else { Hold::Instant(&shared.kept) };
        let done = span_of(batch).in_scope(|| transact(session, &shared, batch, hold));
        let done = done.map_err(|stop| match stop {
            Stop::Conflict if !is_careful => Stop::Changed,
            stop => stop,
        });
        if let Err(stop) = &done
            && !matches!(stop, Stop::Lost | Stop::InDoubt(_))
            && session.roll_back().is_err()
        {
            // The server forgets the transaction with the connection.
            self.session = None;
        }
        done
    }

    /// Whether a transaction was committed; none if nobody can say. The server knows what became
    /// of its transactions; a row of it proves that the server is not another one, which took over
    /// without having seen it and gave its number away again.
    fn resolve(&mut self, in_doubt: &InDoubt) -> Option<bool> {
        self.shared.gauges.commits_in_doubt.increment();
        let begin = Instant::now();
        loop {
            let session = self.reach()?;
            match outcome_of(session, in_doubt) {
                Ok(Some(committed)) => {
                    let transaction = &in_doubt.transaction;
                    tracing::warn!(transaction, committed, "a commit that was in doubt");
                    return Some(committed);
                }
                // The server is still at it.
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "asking what became of a commit"),
            }
            if begin.elapsed() > REACH_WITHIN {
                return None;
            }
            std::thread::sleep(REACH_PAUSE);
        }
    }

    fn answer(&self, batch: Vec<Waiting>, changes: &Changes, outcomes: Outcomes) {
        self.shared.gauges.transactions.increment();
        self.shared.gauges.orders.add(batch.len() as u64);
        for (_, record) in changes.records.values() {
            self.shared.key_holders.publish(record);
        }
        for (environment, now) in &changes.clocks {
            self.shared.clocks.catch_up(*environment, *now);
        }
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            waiting.answer(outcome);
        }
    }
}

/// The span of a transaction: part of the first trace of those that are made of its orders, linked to the
/// others. Where none is made, it is none.
fn span_of(batch: &[Waiting]) -> Span {
    let mut traced = batch.iter().map(|waiting| &waiting.span).filter(|span| !span.is_disabled());
    let Some(first) = traced.next() else { return Span::none() };
    let orders = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let span = first.in_scope(|| {
        tracing::trace_span!(
            target: SPANS,
            "postgresql",
            otel.kind = "client",
            db.system.name = "postgresql",
            scrip.orders = orders,
        )
    });
    for other in traced {
        span.follows_from(other);
    }
    span
}

/// How long to wait before others are met again: longer each time, and never the same for two.
fn pause_after(tried: u32) -> Duration {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    let longest = 1_u64 << tried.min(6);
    Duration::from_micros(500 + longest * 1_000 * u64::from(byte[0]) / 255)
}

/// What became of a transaction; none while it runs.
fn outcome_of(session: &Session, in_doubt: &InDoubt) -> Result<Option<bool>, StoreError> {
    let sql = "
        select case
            when $1::text::xid8 >= pg_current_xact_id() then 'never seen'
            else pg_xact_status($1::text::xid8)
        end as status";
    let row = session.first(sql, &[&in_doubt.transaction])?;
    let status: Option<String> =
        row.as_ref().map(|row| super::tables::column(row, "status")).transpose()?.flatten();
    match status.as_deref() {
        Some("in progress") => Ok(None),
        Some("committed") => match in_doubt.last_entry {
            Some(entry) if session.shards().is_distributed() => {
                // Its worker may not have heard of it yet.
                horizon::horizon(session)?;
                entries::is_there(session, entry).map(Some)
            }
            Some(entry) => entries::is_there(session, entry).map(Some),
            None => Ok(Some(true)),
        },
        // One that the server never saw was not committed on it, and never will be.
        _ => Ok(Some(false)),
    }
}

/// Orders that change records stand alone, each in a transaction of its own. In a distributed database so
/// do those of each shard, so that a transaction stays on one worker.
fn apart(batch: Vec<Waiting>, shards: &Shards) -> Vec<Vec<Waiting>> {
    if !shards.is_distributed() {
        return alone_or_together(batch);
    }
    let mut by_shard = BTreeMap::<Option<Shard>, Vec<Waiting>>::new();
    for waiting in batch {
        by_shard.entry(shard_of(&waiting, shards)).or_default().push(waiting);
    }
    by_shard.into_values().flat_map(alone_or_together).collect()
}

/// Where everything lies that an order is about; none if that is in several shards.
fn shard_of(waiting: &Waiting, shards: &Shards) -> Option<Shard> {
    let wallets = waiting.order.work.wallets().into_iter().chain(waiting.wallet.as_ref());
    let mut all = wallets.map(|key| shards.of_wallet(key));
    let first = all.next().unwrap_or_else(|| shards.shard(0));
    all.all(|shard| shard == first).then_some(first)
}

fn alone_or_together(batch: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut batches: Vec<Vec<Waiting>> = Vec::new();
    let mut is_open = false;
    for waiting in batch {
        let is_alone = flight::changes_records(&waiting.order.work);
        match batches.last_mut().filter(|_| is_open && !is_alone) {
            Some(batch) => batch.push(waiting),
            None => batches.push(vec![waiting]),
        }
        is_open = !is_alone;
    }
    batches
}

fn transact(
    session: &Session,
    shared: &Shared,
    batch: &[Waiting],
    hold: Hold<'_>,
) -> Result<(Changes, Outcomes), Stop> {
    let orders = batch.iter().map(|waiting| (waiting.order.as_ref(), waiting.wallet.as_ref()));
    let is_distributed = session.shards().is_distributed();
    let needs = Needs::of(orders, session.shards());
    // Where a wallet lies in its table is nothing that a coordinator knows.
    let hold = if needs.only_burn() && !is_distributed { hold } else { Hold::Locks };
    let pass = shared.gate.pass(needs.wallets(), PASS_WITHIN);
    let Some(_pass) = pass else { return Err(Stop::TimedOut) };
    let begun = flight::begin(session, &needs, hold).map_err(|error| stop(session, error, 0))?;
    let Begun { known, transaction, clocks } = begun;
    for (environment, now) in clocks.iter().filter_map(clock_of) {
        shared.clocks.catch_up(environment, now);
    }
    let mut unit = Unit::over(session, shared, known);
    let mut outcomes = Vec::with_capacity(batch.len());
    for (index, waiting) in batch.iter().enumerate() {
        let result = match carry_out(&mut unit, &waiting.order) {
            Ok(executed) => Ok(executed),
            Err(error) => Err(refused(session, error, index)?),
        };
        unit.check_all_back().map_err(|error| stop(session, error, index))?;
        outcomes.push(result);
    }
    let writes = unit.writes().map_err(|error| stop(session, error, 0))?;
    if writes.is_empty() {
        session.roll_back().map_err(|error| stop(session, error, 0))?;
        return Ok((unit.changes, outcomes));
    }
    let now = shared.clocks.system().now().milliseconds();
    let committed = writes.commit(session, now);
    drop(writes);
    let error = match committed {
        Ok(stored) => {
            unit.keep(stored);
            return Ok((unit.changes, outcomes));
        }
        Err(error) => error,
    };
    match stop(session, error, 0) {
        Stop::Lost => {
            let changes = unit.changes;
            let last_entry = changes.entries.last();
            Err(Stop::InDoubt(Box::new(InDoubt { transaction, last_entry, changes, outcomes })))
        }
        stop => Err(stop),
    }
}

/// Carries out an order. One that panics is refused like one that meets corrupt data.
fn carry_out(unit: &mut Unit<'_>, order: &Order) -> Result<Executed, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(|| work::run(unit, order)))
        .unwrap_or_else(|_| Err(StoreError::Corrupt("an order panicked".to_owned()).into()))
}

/// Tells refusals, which are answers, from failures, after which the transaction is given up.
fn refused(session: &Session, error: Failure, index: usize) -> Result<LedgerError, Stop> {
    match error {
        Failure::Store(error) => Err(stop(session, error, index)),
        Failure::Broken(_) => Err(Stop::Poison(index, failure(error))),
        Failure::Refused(_) | Failure::GrantIdTaken | Failure::ClaimedForOther => {
            Ok(failure(error))
        }
    }
}

/// What a failure of the store means for the transaction.
fn stop(session: &Session, error: StoreError, index: usize) -> Stop {
    match (session.take_trouble(), error) {
        (Some(Trouble::Conflict), _) => Stop::Conflict,
        (Some(Trouble::TimedOut), _) => Stop::TimedOut,
        (Some(Trouble::DiskFull), _) => Stop::DiskFull,
        (Some(Trouble::Lost), _) => Stop::Lost,
        (Some(Trouble::Other), error) => Stop::Failed(error.to_string()),
        (None, StoreError::Frozen) => Stop::Poison(index, LedgerError::Frozen),
        (None, StoreError::Corrupt(text)) => Stop::Poison(index, LedgerError::Internal(text)),
        (None, error) => Stop::Failed(error.to_string()),
    }
}

/// What is done instead of an order that cannot be carried out. Time that cannot pass in one of
/// several wallets passes in the others.
fn isolate(poison: Waiting, error: &LedgerError) -> Vec<Waiting> {
    let Waiting { order, reply, span, .. } = poison;
    let keys = match &order.work {
        Work::Advance(keys) if keys.len() > 1 => keys.clone(),
        work => {
            if *error != LedgerError::Frozen {
                tracing::error!(%error, ?work, "an order was refused: it contradicts the ledger");
            }
            let _ = reply.send(Err(error.clone()));
            return Vec::new();
        }
    };
    let environment = order.environment;
    let alone = |key: WalletKey| Waiting {
        order: Box::new(advance(environment, vec![key])),
        wallet: None,
        reply: oneshot::channel().0,
        span: Span::none(),
    };
    let mut waiting: Vec<Waiting> = keys.into_iter().map(alone).collect();
    // Whoever waited sees what time brought, but for the wallets where it could not.
    waiting.push(Waiting {
        order: Box::new(advance(environment, Vec::new())),
        wallet: None,
        reply,
        span,
    });
    waiting
}

fn refuse(batch: Vec<Waiting>, error: &LedgerError) {
    for waiting in batch {
        waiting.answer(Err(error.clone()));
    }
}
