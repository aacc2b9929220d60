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
        match error.as_db_error() {
            // Without a word of the server: nothing says what it made of the statement.
            None => Self::Lost,
            Some(said) => Self::named(said.code(), said.message()),
        }
    }

    fn named(code: &SqlState, message: &str) -> Self {
        if *code == SqlState::INTERNAL_ERROR {
            return Self::passed_on(message);
        }
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

    /// Of what a worker refuses while a coordinator of Citus copies rows to it, the coordinator passes on the
    /// words, not the code. The names of constraints are in them in every language.
    fn passed_on(message: &str) -> Self {
        let is = |known: &[&str]| known.iter().any(|words| message.contains(words));
        if is(&["_pkey_", "records_by_id_", "records_by_living_id_", "grants_by_id_"])
            || is(&["deadlock detected", "could not serialize access"])
        {
            return Self::Conflict;
        }
        if is(&["canceling statement"]) {
            return Self::TimedOut;
        }
        if is(&["No space left on device"]) { Self::DiskFull } else { Self::Other }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_coordinator_passes_on_is_told_by_its_words() {
        let rows = [
            (
                "duplicate key value violates unique constraint \"wallets_pkey_102012\"",
                Trouble::Conflict,
            ),
            (
                "doppelter Schl\u{fc}sselwert verletzt Unique-Constraint \u{bb}grants_by_id_102044\u{ab}",
                Trouble::Conflict,
            ),
            ("deadlock detected", Trouble::Conflict),
            ("could not serialize access due to concurrent update", Trouble::Conflict),
            ("canceling statement due to lock timeout", Trouble::TimedOut),
            ("could not extend file \"base/5/1\": No space left on device", Trouble::DiskFull),
            ("cache lookup failed for relation 5", Trouble::Other),
        ];
        for (message, trouble) in rows {
            assert_eq!(Trouble::named(&SqlState::INTERNAL_ERROR, message), trouble, "{message}");
            assert_eq!(Trouble::named(&SqlState::SYNTAX_ERROR, message), Trouble::Other);
        }
        assert_eq!(Trouble::named(&SqlState::UNIQUE_VIOLATION, "any"), Trouble::Conflict);
    }
}
