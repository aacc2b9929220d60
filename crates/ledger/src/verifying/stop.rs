//! Folding that ends before its end.

use super::{Finding, RawEntry};
use crate::slot::Position;
use crate::work::StoreError;

/// Why a fold did not go on.
pub enum Stop {
    /// Something is wrong.
    Finding(Finding),
    /// It could not be read just then.
    Interrupted(StoreError),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Finding(finding)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::Finding(error.into()),
            error => Self::Interrupted(error),
        }
    }
}

/// A reservation's row leads to one of the same reservation.
pub fn check_related(
    entry: &RawEntry,
    has_reservation: bool,
    read: impl FnOnce(Position) -> Result<Option<RawEntry>, StoreError>,
) -> Result<(), Stop> {
    let related = entry.links.related;
    if related == 0 {
        return Ok(());
    }
    let other = read(related)?;
    let is_right = has_reservation
        && related < entry.position
        && other.is_some_and(|other| other.name == entry.name && other.wallet == entry.wallet);
    if is_right {
        return Ok(());
    }
    Err(Finding::row(entry.position, "its links to earlier rows are wrong").into())
}
