//! Which node does what one does for all: tells the world of events, or signs anchors. It is the one that
//! holds a lock, with a connection that it keeps.

use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::session::Session;
use super::tables::column;
use crate::LedgerError;
use crate::reading::store_error;
use crate::work::StoreError;

/// Any numbers do that nobody else uses in the same database.
const TELLING: i64 = 0x7363_7269_7003;
const ANCHORING: i64 = 0x7363_7269_7021;

/// The connection that holds a lock, or asks for it.
pub struct Turn {
    lock: i64,
    asking: Mutex<Option<Asking>>,
}

struct Asking {
    session: Session,
    is_ours: bool,
}

impl Turn {
    /// To tell the world of events.
    pub fn of_telling() -> Self {
        Self { lock: TELLING, asking: Mutex::default() }
    }

    /// To sign anchors.
    pub fn of_anchoring() -> Self {
        Self { lock: ANCHORING, asking: Mutex::default() }
    }

    /// Whether it is this node's turn. It stays so until its connection breaks or it closes; then
    /// the server gives the turn to whoever asks next.
    pub async fn is_ours(
        shared: &Arc<Shared>,
        which: fn(&Shared) -> &Self,
    ) -> Result<bool, LedgerError> {
        let asked = Arc::clone(shared);
        let answer = tokio::task::spawn_blocking(move || which(&asked).ask(&asked));
        let answer = answer.await.map_err(|error| LedgerError::Internal(error.to_string()))?;
        answer.map_err(store_error)
    }

    /// Lets another node have the turn.
    pub fn end(&self) {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn ask(&self, shared: &Shared) -> Result<bool, StoreError> {
        let mut kept = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection that broke holds nothing, whatever this side knows of it.
        let mut asking = match kept.take().filter(|asking| asking.session.is_open()) {
            Some(asking) => asking,
            None => {
                let connected = shared.database.connect();
                let session =
                    connected.map_err(|error| StoreError::Unavailable(error.to_string()))?;
                Asking { session, is_ours: false }
            }
        };
        if asking.is_ours {
            asking.session.run("select 1")?;
        } else {
            let sql = "select pg_try_advisory_lock($1) as is_ours";
            let row = asking.session.first(sql, &[&self.lock])?;
            asking.is_ours = row.is_some_and(|row| column(&row, "is_ours") == Ok(true));
        }
        let is_ours = asking.is_ours;
        // One that failed to answer is dropped, and with it whatever it held.
        *kept = Some(asking);
        Ok(is_ours)
    }
}
