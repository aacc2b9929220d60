//! The writer: one thread that decides, appends, commits once for all that waited, publishes, and
//! then answers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

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
    /// Forget claims and attempts that are older than these instants.
    Prune(Timestamp, Timestamp),
    /// Answer what waits, then stop.
    Stop,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

/// The outcome of a message that waits for its commit.
enum Outcome {
    Executed(Reply<Executed>, Result<Executed, LedgerError>),
    Stored(Reply<()>),
    Silent,
}

/// Runs until it is stopped or cannot go on.
pub(super) fn run(
    connection: &Connection,
    shared: &Arc<Shared>,
    mut base: Base,
    inbox: &Receiver<Message>,
) {
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
            next = match inbox.try_recv() {
                Ok(message) => Some(message),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
            };
        }
        if stopping {
            // Senders see that the ledger is closed; what made it into the queue is answered.
            batch.extend(inbox.try_iter());
        }
        if let Err(reason) = work_off(connection, shared, &mut base, batch) {
            shared.fail(&reason);
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

/// Carries out a batch. An order that breaks the program's own rules, or meets corrupt data, is
/// refused alone; the others are carried out without it. An error is fatal.
fn work_off(
    connection: &Connection,
    shared: &Shared,
    base: &mut Base,
    mut batch: Vec<Message>,
) -> Result<(), String> {
    while !batch.is_empty() {
        match attempt(connection, shared, base, &batch) {
            Ok((overlay, results)) => {
                overlay.publish(base, shared);
                answer(batch, results);
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
                refuse_all(batch, &LedgerError::Closed);
                return Err(reason);
            }
        }
    }
    Ok(())
}

/// Why a batch was rolled back.
enum Stop {
    /// No room on the disk.
    Full,
    /// One message cannot be carried out.
    Poison(usize, LedgerError),
    /// Nothing more can be made durable.
    Fatal(String),
}

type Results = Vec<Option<Result<Executed, LedgerError>>>;

fn attempt(
    connection: &Connection,
    shared: &Shared,
    base: &mut Base,
    batch: &[Message],
) -> Result<(Overlay, Results), Stop> {
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
) -> Result<(Overlay, Results), Stop> {
    let overlay = Overlay::on(base);
    let mut unit = Unit { connection, shared, base, overlay };
    let mut results = Vec::with_capacity(batch.len());
    for (index, message) in batch.iter().enumerate() {
        results.push(match message {
            Message::Order(order, _) => match work::run(&mut unit, order) {
                Ok(executed) => Some(Ok(executed)),
                Err(error) => Some(Err(refused(error, index)?)),
            },
            Message::AnswerClaim(claim, answer, _) => {
                unit.store_claim(*claim, answer).map_err(|error| stop(error, index))?;
                None
            }
            Message::Prune(claims, attempts) => {
                tables::prune(connection, *claims, *attempts)
                    .map_err(|error| stop(error, index))?;
                None
            }
            Message::Stop => None,
        });
    }
    Ok((unit.overlay, results))
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

fn answer(batch: Vec<Message>, results: Results) {
    let outcomes =
        batch.into_iter().zip(results).map(|(message, result)| match (message, result) {
            (Message::Order(_, reply), Some(result)) => Outcome::Executed(reply, result),
            (Message::AnswerClaim(_, _, reply), _) => Outcome::Stored(reply),
            _ => Outcome::Silent,
        });
    for outcome in outcomes {
        // A caller that went away does not undo what it asked for.
        match outcome {
            Outcome::Executed(reply, result) => drop(reply.send(result)),
            Outcome::Stored(reply) => drop(reply.send(Ok(()))),
            Outcome::Silent => {}
        }
    }
}

fn refuse_all(batch: Vec<Message>, error: &LedgerError) {
    for message in batch {
        match message {
            Message::Order(_, reply) => drop(reply.send(Err(error.clone()))),
            Message::AnswerClaim(_, _, reply) => drop(reply.send(Err(error.clone()))),
            Message::Prune(..) | Message::Stop => {}
        }
    }
}
