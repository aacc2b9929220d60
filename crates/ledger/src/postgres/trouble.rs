//! What can go wrong between a node and its database, and what that means for what was asked.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::work::StoreError;

/// Why a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Others were faster: a serialisation failure, a deadlock, a key that somebody else took. The
    /// transaction did nothing, and may be tried again.
    Conflict,
    /// A lock or an answer took too long. The transaction did nothing.
    TimedOut,
    /// No room on the server's disk. The transaction did nothing.
    DiskFull,
    /// The connection is of no use any more: it broke, the server stops, starts, or only reads.
    Lost,
    /// Something is wrong inside.
    Other,
}

impl Trouble {
    /// What an error of the database means.
    pub fn of(error: &Error) -> Self {
        let Some(code) = error.code() else {
            // Without a word of the server: nothing says what it made of the statement.
            return Self::Lost;
        };
        let is = |codes: &[SqlState]| codes.contains(code);
        if is(&[
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
            // What was found is not there as it was found: statements that count on it divide by zero.
            SqlState::DIVISION_BY_ZERO,
        ]) {
            return Self::Conflict;
        }
        if is(&[SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED]) {
            return Self::TimedOut;
        }
        if is(&[SqlState::DISK_FULL]) {
            return Self::DiskFull;
        }
        let lost = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            // A coordinator does not reach a worker.
            SqlState::CONNECTION_EXCEPTION,
            SqlState::CONNECTION_DOES_NOT_EXIST,
            SqlState::CONNECTION_FAILURE,
            SqlState::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
        ];
        if is(&lost) { Self::Lost } else { Self::Other }
    }

    /// What the store says of it.
    pub fn error(self, error: &Error) -> StoreError {
        let text = in_full(error);
        match self {
            Self::Conflict | Self::TimedOut | Self::Lost => StoreError::Unavailable(text),
            Self::DiskFull => StoreError::DiskFull,
            Self::Other => StoreError::Failed(text),
        }
    }
}

/// An error with its causes: what the server said stands behind "db error".
pub fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
