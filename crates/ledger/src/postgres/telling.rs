//! Which node tells the world of events: the one that holds a lock, with a connection that it keeps.

use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::session::Session;
use super::tables::column;
use crate::LedgerError;
use crate::reading::store_error;
use crate::work::StoreError;

/// Any number does that nobody else uses in the same database.
const LOCK: i64 = 0x7363_7269_7003;

/// The connection that holds the lock, while this node does.
#[derive(Default)]
pub struct Telling(Mutex<Option<Session>>);

impl Telling {
    /// Whether it is this node's turn. It stays so until its connection breaks or it closes; then
    /// the server gives the turn to whoever asks next.
    pub async fn is_ours(shared: &Arc<Shared>) -> Result<bool, LedgerError> {
        let asked = Arc::clone(shared);
        let answer = tokio::task::spawn_blocking(move || asked.telling.ask(&asked));
        let answer = answer.await.map_err(|error| LedgerError::Internal(error.to_string()))?;
        answer.map_err(store_error)
    }

    /// Lets another node have the turn.
    pub fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn ask(&self, shared: &Shared) -> Result<bool, StoreError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = kept.as_ref() {
            // A connection that broke holds nothing, whatever this side knows of it.
            if session.is_open() && session.run("select 1").is_ok() {
                return Ok(true);
            }
            *kept = None;
        }
        let session = shared
            .database
            .connect()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let sql = "select pg_try_advisory_lock($1) as is_ours";
        let row = session.first(sql, &[&LOCK])?;
        let is_ours = row.is_some_and(|row| column(&row, "is_ours") == Ok(true));
        *kept = is_ours.then_some(session);
        Ok(is_ours)
    }
}
