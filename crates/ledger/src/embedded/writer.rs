//! The writer: one thread that decides, appends, commits once for all that waited, publishes, and
//! then answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use scrip_core::Timestamp;
use tokio::sync::oneshot;

use super::unit::{Base, Overlay, Unit};
use super::{Shared, tables};
use crate::reading::failure;
use crate::work::{self, Failure, State as _, StoreError};
use crate::{Claim, Executed, LedgerError, Order, StoredAnswer, Work};

/// What a commit takes in at most; more waits for the next.
const BATCH_WEIGHT_MAX: usize = 1_024;

/// What the writer is told.
pub(super) enum Message {
    /// Carry out an order.
    Order(Box<Order>, Reply<Executed>),
    /// Store the answer of a claim that needed no order.
    AnswerClaim(Claim, StoredAnswer, Reply<()>),
    /// Forget some claims and attempts that are older than these instants; tells whether there
    /// may be more.
    Prune(Timestamp, Timestamp, Reply<bool>),
    /// Answer what waits, then stop.
    Stop,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

/// What a message came to; told when the commit is durable.
enum Outcome {
    Executed(Result<Executed, LedgerError>),
    Stored,
    Pruned(bool),
    Stopped,
}

/// Runs until it is stopped or cannot go on.
pub(super) fn run(
    connection: &Connection,
    shared: &Arc<Shared>,
    mut base: Base,
    inbox: &Receiver<Message>,
) {
    let _watch = Watch(shared);
    let mut stopping = false;
    while !stopping {
        let Ok(first) = inbox.recv() else { return };
        let mut batch = Vec::new();
        let mut weight = 0;
        let mut next = Some(first);
        while let Some(message) = next.take() {
            stopping |= matches!(message, Message::Stop);
            weight += weight_of(&message);
            batch.push(message);
            if weight >= BATCH_WEIGHT_MAX {
                break;
            }
            next = inbox.try_recv().ok();
        }
        if stopping {
            // Senders see that the ledger is closed; what made it into the queue is answered.
            batch.extend(inbox.try_iter());
        }
        if work_off(connection, shared, &mut base, batch).is_err() {
            return;
        }
    }
}

fn weight_of(message: &Message) -> usize {
    match message {
        Message::Order(order, _) => match &order.work {
            Work::ConsumeBatch(items) => items.len(),
            Work::ImportCustomers(customers) => customers.len(),
            Work::Advance(wallets) => wallets.len(),
            _ => 1,
        },
        Message::AnswerClaim(..) | Message::Prune(..) | Message::Stop => 1,
    }
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
            Ok((overlay, outcomes)) => {
                overlay.publish(base, shared);
                answer(batch, outcomes);
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
                tracing::error!(error = %error, "an order was refused: it contradicts the ledger");
                let poison = batch.remove(index);
                refuse_all(vec![poison], &error);
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

fn attempt(
    connection: &Connection,
    shared: &Shared,
    base: &mut Base,
    batch: &[Message],
) -> Result<(Overlay, Outcomes), Stop> {
    begin(connection)?;
    let done = run_batch(connection, shared, base, batch)
        .and_then(|done| commit(connection).map(|()| done));
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
    let mut unit = Unit { connection, shared, base, overlay };
    let mut outcomes = Vec::with_capacity(batch.len());
    for (index, message) in batch.iter().enumerate() {
        outcomes.push(match message {
            Message::Order(order, _) => {
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
            Message::Stop => Outcome::Stopped,
        });
    }
    Ok((unit.overlay, outcomes))
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
        StoreError::Corrupt(text) => Stop::Poison(index, LedgerError::Internal(text)),
        StoreError::Failed(text) => Stop::Fatal(text),
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

fn answer(batch: Vec<Message>, outcomes: Outcomes) {
    for (message, outcome) in batch.into_iter().zip(outcomes) {
        // A caller that went away does not undo what it asked for.
        match (message, outcome) {
            (Message::Order(_, reply), Outcome::Executed(result)) => drop(reply.send(result)),
            (Message::AnswerClaim(_, _, reply), _) => drop(reply.send(Ok(()))),
            (Message::Prune(_, _, reply), Outcome::Pruned(more)) => drop(reply.send(Ok(more))),
            _ => {}
        }
    }
}

fn refuse_all(batch: Vec<Message>, error: &LedgerError) {
    for message in batch {
        match message {
            Message::Order(_, reply) => drop(reply.send(Err(error.clone()))),
            Message::AnswerClaim(_, _, reply) => drop(reply.send(Err(error.clone()))),
            Message::Prune(_, _, reply) => drop(reply.send(Err(error.clone()))),
            Message::Stop => {}
        }
    }
}

/// Tells the owner if the writer's thread panics: nothing is made durable any more.
struct Watch<'a>(&'a Shared);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the writer panicked");
        }
    }
}
