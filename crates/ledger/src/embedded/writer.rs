//! The writer: one thread that decides, appends, commits once for all that waited, publishes, and
//! then answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use scrip_core::{Timestamp, WalletKey};
use tokio::sync::oneshot;

use super::erasing;
use super::mark;
use super::names::{Checked, Room};
use super::publication::Unpublished;
use super::reach::Reach;
use super::unit::{Base, Overlay, Unit};
use super::{Shared, tables};
use crate::queue::Receiver;
use crate::reading::{advance, failure};
use crate::work::{self, Failure, State as _, StoreError};
use crate::{Claim, Executed, LedgerError, Order, StoredAnswer, Work};

/// What a commit takes in at most; more waits for the next.
const BATCH_WEIGHT_MAX: usize = 1_024;

/// How long the writer waits for a slice of names before it looks again.
const SLICE_WAIT: Duration = Duration::from_millis(5);

/// What the writer is told.
pub(super) enum Message {
    /// Carry out an order, with what was asked of the slices for it.
    Order(Box<Order>, Checked, Reply<Executed>),
    /// Store the answer of a claim that needed no order.
    AnswerClaim(Claim, StoredAnswer, Reply<()>),
    /// Forget some claims and attempts that are older than these instants; tells whether there
    /// may be more.
    Prune(Timestamp, Timestamp, Reply<bool>),
    /// A wallet takes no orders from now on, and why.
    Freeze(WalletKey, String, Reply<()>),
    /// A wallet takes orders again.
    Thaw(WalletKey, Reply<()>),
    /// Take the write-ahead log into the file and cut it; tells whether that could be.
    CutLog(Reply<bool>),
    /// Answer what waits, then stop.
    Stop,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

/// What a message came to; told when the commit is durable.
enum Outcome {
    Executed(Result<Executed, LedgerError>),
    Stored,
    Pruned(bool),
    Frozen(WalletKey),
    Thawed(WalletKey),
    /// The log is cut when the commit is over.
    LogIsNext,
    Stopped,
}

/// The writer's own.
pub(super) struct Writer {
    pub connection: Connection,
    pub shared: Arc<Shared>,
    pub base: Base,
    pub inbox: Receiver<Message>,
}

impl Writer {
    /// Runs until it is stopped or cannot go on.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _watch = Watch { shared: &shared, thread: "writer" };
        let is_stopped = self.work();
        // What was accepted is durable: the rest is for the next start to know sooner.
        let last = (shared.names.take_recent(), self.base.last.reach);
        shared.keep.stop(is_stopped.then_some(last));
    }

    /// Works off what arrives; whether it was told to stop.
    fn work(&mut self) -> bool {
        while let Some(batch) = self.inbox.recv_batch(BATCH_WEIGHT_MAX) {
            let is_last = batch.iter().any(|message| matches!(message, Message::Stop));
            // Senders see that the ledger is closed; what made it into the queue is answered.
            let rest = if is_last { self.inbox.drain() } else { Vec::new() };
            for batch in batches(batch, rest) {
                if self.work_off(batch).is_err() {
                    return false;
                }
            }
            if is_last {
                self.tidy();
                return true;
            }
        }
        false
    }

    /// Takes the log into the file, so that whoever copies the file has it all. If it cannot be, the
    /// next start reads the log.
    fn tidy(&self) {
        let checkpointed =
            self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        if let Err(error) = checkpointed {
            tracing::warn!(%error, "the write-ahead log stays beside ledger.db");
        }
    }

    fn work_off(&mut self, batch: Vec<Message>) -> Result<(), Failed> {
        if !self.has_room() {
            refuse_all(batch, &LedgerError::DiskFull);
            return Ok(());
        }
        work_off(&self.connection, &self.shared, &mut self.base, batch)
    }

    /// Lets the keeper come after: the snapshots are not too far behind, and there is room for the
    /// names of a batch. False if names cannot be written, so that no more may come.
    fn has_room(&mut self) -> bool {
        let (shared, base) = (&self.shared, &self.base);
        if shared.keep.behind.wait_for_room() {
            shared.gauges.writer_slow_downs.increment();
        }
        loop {
            shared.names.refresh();
            match shared.names.make_room(base.last.reach) {
                Room::Enough => break,
                Room::Frozen(frozen) => shared.keep.slice(frozen),
                Room::None if shared.keep.cannot_slice() || shared.keep.has_ended() => {
                    return false;
                }
                Room::None => {
                    shared.gauges.writer_slow_downs.increment();
                    std::thread::sleep(SLICE_WAIT);
                }
            }
        }
        shared.gauges.key_names_recent.set(shared.names.in_memory() as u64);
        true
    }
}

/// A batch, and what is left at a stop in batches of the same size.
fn batches(first: Vec<Message>, rest: Vec<Message>) -> Vec<Vec<Message>> {
    let mut batches = vec![first];
    let mut weight = BATCH_WEIGHT_MAX;
    for message in rest {
        if weight >= BATCH_WEIGHT_MAX {
            batches.push(Vec::new());
            weight = 0;
        }
        weight += match &message {
            Message::Order(order, ..) => order.work.weight(),
            _ => 1,
        };
        if let Some(batch) = batches.last_mut() {
            batch.push(message);
        }
    }
    batches
}

/// Carries out a batch. An order that breaks the program's own rules, meets corrupt data or finds
/// no room is refused alone; the others are carried out without it. An error is fatal, and was
/// told.
fn work_off(
    connection: &Connection,
    shared: &Shared,
    base: &mut Base,
    mut batch: Vec<Message>,
) -> Result<(), Failed> {
    while !batch.is_empty() {
        match attempt(connection, shared, base, &batch) {
            Ok((overlay, outcomes, unpublished)) => {
                note(base, overlay.reach());
                overlay.publish(base, shared);
                drop(unpublished);
                answer(connection, shared, batch, outcomes);
                return Ok(());
            }
            // One large order must not take the room from all that waited with it.
            Err(Stop::Full) if batch.len() > 1 => {
                for message in batch {
                    work_off(connection, shared, base, vec![message])?;
                }
                return Ok(());
            }
            Err(Stop::Full) => {
                refuse_all(batch, &LedgerError::DiskFull);
                return Ok(());
            }
            Err(Stop::Poison(index, error)) => {
                let poison = batch.remove(index);
                batch.splice(index..index, isolate(poison, &error));
            }
            Err(Stop::Fatal(reason)) => {
                // Nobody is answered before the owner knows.
                shared.fail(&reason);
                refuse_all(batch, &LedgerError::Closed);
                return Err(Failed);
            }
        }
    }
    Ok(())
}

/// What is done instead of an order that cannot be carried out. Time that cannot pass in one of
/// several wallets passes in the others; where it cannot pass in one, that wallet is frozen.
fn isolate(poison: Message, error: &LedgerError) -> Vec<Message> {
    let Message::Order(order, _, reply) = poison else {
        refuse_all(vec![poison], error);
        return Vec::new();
    };
    let Work::Advance(keys) = order.work else {
        if *error != LedgerError::Frozen {
            tracing::error!(%error, "an order was refused: it contradicts the ledger");
        }
        let _ = reply.send(Err(error.clone()));
        return Vec::new();
    };
    let environment = order.environment;
    let alone = keys.len() == 1;
    let messages = keys.into_iter().map(|key| {
        if alone {
            return Message::Freeze(key, error.to_string(), oneshot::channel().0);
        }
        let advance = advance(key.environment, vec![key]);
        Message::Order(Box::new(advance), Checked::default(), oneshot::channel().0)
    });
    let mut messages =
        if alone && *error == LedgerError::Frozen { Vec::new() } else { messages.collect() };
    // Whoever waited sees what time brought, but for the wallets where it could not: an order of
    // nothing, behind those of each wallet, answers.
    let nothing = advance(environment, Vec::new());
    messages.push(Message::Order(Box::new(nothing), Checked::default(), reply));
    messages
}

/// Notes how far the ledger is durable, before anybody is told.
fn note(base: &mut Base, reach: Reach) {
    let mark = mark::Reach {
        ledger_id: base.mark.reach().ledger_id,
        position: reach.position,
        row_hash: *reach.hash.as_bytes(),
    };
    if let Err(error) = base.mark.note(mark) {
        tracing::error!(%error, "the mark was not noted; a loss of rows could go unnoticed");
    }
}

/// Nothing more can be made durable.
struct Failed;

/// Why a batch was rolled back.
enum Stop {
    /// No room on the disk.
    Full,
    /// One message cannot be carried out.
    Poison(usize, LedgerError),
    /// Nothing more can be made durable.
    Fatal(String),
}

type Outcomes = Vec<Outcome>;

fn attempt<'a>(
    connection: &Connection,
    shared: &'a Shared,
    base: &mut Base,
    batch: &[Message],
) -> Result<(Overlay, Outcomes, Unpublished<'a>), Stop> {
    begin(connection)?;
    let done = run_batch(connection, shared, base, batch).and_then(|(overlay, outcomes)| {
        let unpublished = shared.publication.begin();
        let _changing = shared.known_records.change(overlay.changed_records());
        commit(connection).map(|()| (overlay, outcomes, unpublished))
    });
    if done.is_err() && !connection.is_autocommit() {
        connection
            .execute_batch("rollback")
            .map_err(|error| Stop::Fatal(format!("rolling back: {error}")))?;
    }
    done
}

fn run_batch(
    connection: &Connection,
    shared: &Shared,
    base: &mut Base,
    batch: &[Message],
) -> Result<(Overlay, Outcomes), Stop> {
    let overlay = Overlay::on(base);
    let nothing = Checked::default();
    let mut unit =
        Unit { connection, shared, base, overlay, checked: &nothing, insert_entry: None };
    let mut outcomes = Vec::with_capacity(batch.len());
    for (index, message) in batch.iter().enumerate() {
        outcomes.push(match message {
            Message::Order(order, checked, _) => {
                unit.checked = checked;
                let result = match carry_out(&mut unit, order) {
                    Ok(executed) => Ok(executed),
                    Err(error) => Err(refused(error, index)?),
                };
                unit.check_all_back().map_err(|error| stop(error, index))?;
                Outcome::Executed(result)
            }
            Message::AnswerClaim(claim, answer, _) => {
                unit.store_claim(*claim, answer).map_err(|error| stop(error, index))?;
                Outcome::Stored
            }
            Message::Prune(claims, attempts, _) => {
                let more = tables::prune(connection, *claims, *attempts)
                    .map_err(|error| stop(error, index))?;
                Outcome::Pruned(more)
            }
            Message::Freeze(key, why, _) => {
                set_frozen(&mut unit, key, Some(why)).map_err(|error| stop(error, index))?;
                Outcome::Frozen(key.clone())
            }
            Message::Thaw(key, _) => {
                set_frozen(&mut unit, key, None).map_err(|error| stop(error, index))?;
                Outcome::Thawed(key.clone())
            }
            Message::CutLog(_) => Outcome::LogIsNext,
            Message::Stop => Outcome::Stopped,
        });
    }
    Ok((unit.overlay, outcomes))
}

/// Freezes a wallet for a reason, or thaws it.
fn set_frozen(unit: &mut Unit<'_>, key: &WalletKey, why: Option<&str>) -> Result<(), StoreError> {
    let Some(number) = tables::wallet_number(unit.connection, key)? else { return Ok(()) };
    let now = unit.real_now();
    match why {
        Some(why) => tables::freeze_wallet(unit.connection, number, now, why),
        None => tables::thaw_wallet(unit.connection, number, now),
    }
}

/// Carries out an order. One that panics is refused like one that meets corrupt data: whatever it
/// changed is rolled back with its batch, and the others are carried out without it.
fn carry_out(unit: &mut Unit<'_>, order: &Order) -> Result<Executed, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(|| work::run(unit, order)))
        .unwrap_or_else(|_| Err(StoreError::Corrupt("an order panicked".to_owned()).into()))
}

/// Tells refusals, which are answers, from failures, which roll the batch back.
fn refused(error: Failure, index: usize) -> Result<LedgerError, Stop> {
    match error {
        Failure::Store(error) => Err(stop(error, index)),
        Failure::Broken(_) => Err(Stop::Poison(index, failure(error))),
        Failure::Refused(_) | Failure::GrantIdTaken | Failure::ClaimedForOther => {
            Ok(failure(error))
        }
    }
}

fn stop(error: StoreError, index: usize) -> Stop {
    match error {
        StoreError::DiskFull => Stop::Full,
        StoreError::Frozen => Stop::Poison(index, LedgerError::Frozen),
        StoreError::Corrupt(text) => Stop::Poison(index, LedgerError::Internal(text)),
        StoreError::Unavailable(text) | StoreError::Failed(text) => Stop::Fatal(text),
    }
}

fn begin(connection: &Connection) -> Result<(), Stop> {
    connection.execute_batch("begin immediate").map_err(|error| match error.into() {
        StoreError::DiskFull => Stop::Full,
        error => Stop::Fatal(format!("beginning a commit: {error}")),
    })
}

/// Makes the batch durable. A failure that is not a full disk cannot be retried: after a failed
/// sync nobody knows what the disk holds.
fn commit(connection: &Connection) -> Result<(), Stop> {
    let committed = connection.prepare_cached("commit").and_then(|mut commit| commit.execute([]));
    committed.map(drop).map_err(|error| match error.into() {
        StoreError::DiskFull => Stop::Full,
        error => Stop::Fatal(format!("committing: {error}")),
    })
}

fn answer(connection: &Connection, shared: &Shared, batch: Vec<Message>, outcomes: Outcomes) {
    for (message, outcome) in batch.into_iter().zip(outcomes) {
        // A caller that went away does not undo what it asked for.
        match (message, outcome) {
            (Message::Order(_, _, reply), Outcome::Executed(result)) => drop(reply.send(result)),
            (Message::AnswerClaim(_, _, reply), _) => drop(reply.send(Ok(()))),
            (Message::Prune(_, _, reply), Outcome::Pruned(more)) => drop(reply.send(Ok(more))),
            (Message::CutLog(reply), _) => {
                let _ = reply.send(Ok(erasing::cut_log(connection)));
            }
            (Message::Freeze(_, why, reply), Outcome::Frozen(key)) => {
                tracing::error!(customer = %key.customer, currency = %key.currency, why,
                    "a wallet is frozen");
                shared.wallets.freeze(&key);
                show_frozen(shared);
                let _ = reply.send(Ok(()));
            }
            (Message::Thaw(_, reply), Outcome::Thawed(key)) => {
                tracing::warn!(customer = %key.customer, currency = %key.currency,
                    "a wallet is well again");
                shared.wallets.thaw(&key);
                show_frozen(shared);
                let _ = reply.send(Ok(()));
            }
            _ => {}
        }
    }
}

fn show_frozen(shared: &Shared) {
    shared.gauges.wallets_frozen.set(shared.wallets.count_frozen() as u64);
}

fn refuse_all(batch: Vec<Message>, error: &LedgerError) {
    for message in batch {
        match message {
            Message::Order(_, _, reply) => drop(reply.send(Err(error.clone()))),
            Message::AnswerClaim(_, _, reply)
            | Message::Freeze(_, _, reply)
            | Message::Thaw(_, reply) => drop(reply.send(Err(error.clone()))),
            Message::Prune(_, _, reply) | Message::CutLog(reply) => {
                drop(reply.send(Err(error.clone())));
            }
            Message::Stop => {}
        }
    }
}

/// Tells the owner if a thread panics without which nothing is made durable any more.
pub(super) struct Watch<'a> {
    pub shared: &'a Shared,
    pub thread: &'static str,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.fail(&format!("the {} panicked", self.thread));
            self.shared.keep.stop(None);
        }
    }
}
