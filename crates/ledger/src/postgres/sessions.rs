//! Connections for reading, lent one by one, no more than so many at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scrip_core::{CustomerId, EnvironmentId};
use tokio::sync::Semaphore;

use super::Shared;
use super::flight::clock_of;
use super::reader::Reader;
use super::session::{Session, ask};
use super::tables::{bucket_of, records};
use super::trouble::Trouble;
use crate::LedgerError;
use crate::reading::store_error;

/// How long a question waits for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// Connections that wait for the next question.
pub struct Sessions {
    places: Semaphore,
    idle: Mutex<Vec<Session>>,
}

/// Whom a question is about; none is everybody.
pub type Whose = Option<(EnvironmentId, CustomerId)>;

impl Sessions {
    /// At most so many at a time.
    pub fn new(most: usize) -> Self {
        Self { places: Semaphore::new(most), idle: Mutex::default() }
    }

    fn take(&self, shared: &Shared) -> Result<Session, LedgerError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(session) = idle() {
            if session.is_open() {
                return Ok(session);
            }
        }
        shared.database.connect().map_err(|error| {
            shared.gauges.connections_failed.increment();
            tracing::warn!(%error, "the database cannot be reached");
            LedgerError::Unavailable
        })
    }

    /// Asks with a connection of its own, in the calling thread. A connection that breaks is asked
    /// once more with another: a question changes nothing.
    fn with<T>(
        &self,
        shared: &Shared,
        question: impl Fn(&Session) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        for is_last in [false, true] {
            let session = self.take(shared)?;
            let answer = question(&session);
            match session.take_trouble() {
                Some(Trouble::Lost) if is_last => return Err(LedgerError::Unavailable),
                // The others broke with it, most likely.
                Some(Trouble::Lost) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
                }
                Some(_) => return answer,
                None => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
                    return answer;
                }
            }
        }
        Err(LedgerError::Unavailable)
    }
}

/// Asks with a connection, in a thread that may wait.
pub async fn ask_with<T: Send + 'static>(
    shared: &Arc<Shared>,
    question: impl Fn(&Session, &Shared) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let waited = tokio::time::timeout(WAIT, shared.sessions.places.acquire()).await;
    let Ok(Ok(_place)) = waited else { return Err(LedgerError::Busy) };
    let asked = Arc::clone(shared);
    let answer = tokio::task::spawn_blocking(move || {
        asked.sessions.with(&asked, |session| question(session, &asked))
    });
    answer.await.unwrap_or_else(|error| Err(LedgerError::Internal(format!("a reader: {error}"))))
}

/// Asks nothing of the worker of a bucket.
const INSTANT: &str = "select 1 as instant from turns where bucket = $1";

/// Reads in one transaction, of one instant, with the clocks as they stand then.
pub async fn read<T: Send + 'static>(
    shared: &Arc<Shared>,
    whose: Whose,
    question: impl Fn(&Reader<'_>, &Shared) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    ask_with(shared, move |session, shared| {
        let begin = ask("begin isolation level repeatable read read only", &[]);
        let mut asks = vec![begin];
        let bucket =
            whose.as_ref().map(|(environment, customer)| bucket_of(*environment, customer));
        if session.shards().is_distributed() {
            // The instant of a worker is that of the first question to it. Clocks must not be older.
            asks.extend(bucket.as_ref().map(|bucket| ask(INSTANT, &[bucket])));
        }
        asks.push(records::environments());
        let begun = session.flight(&asks).map_err(store_error)?;
        for row in begun.last().into_iter().flatten() {
            let record = records::read(row).map_err(store_error)?;
            if let Some((environment, now)) = clock_of(&record) {
                shared.clocks.catch_up(environment, now);
            }
        }
        let whose = whose.as_ref().map(|(environment, customer)| (*environment, customer));
        let answer = question(&Reader::of(session, whose), shared);
        // The connection is of no use with a transaction that does not end.
        session.run("commit").map_err(store_error)?;
        answer
    })
    .await
}
