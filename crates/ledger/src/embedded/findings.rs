//! What is found to be wrong with a store.

use crate::slot::Position;
use crate::work::StoreError;

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Finding {
    /// A row is wrong, or missing.
    #[error("entries {position}: {what}")]
    Row {
        /// Its position.
        position: Position,
        /// What is wrong.
        what: String,
    },
    /// Something else is wrong.
    #[error("{0}")]
    Other(String),
}

impl Finding {
    /// What is wrong with the row at a position.
    pub(super) fn row(position: Position, what: impl ToString) -> Self {
        Self::Row { position, what: what.to_string() }
    }
}

impl From<StoreError> for Finding {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}
