//! Usage from the rows themselves.

use scrip_core::Overflow;

use super::{Tally, USAGE_ROWS_MAX, UsageQuery, UsageSeries, Used, used};
use crate::history::{self, Entries, Head};
use crate::slot::Position;
use crate::work::StoreError;

/// Reads a wallet's rows for one question, and not too many of them.
pub struct Rows<'a, E> {
    entries: &'a E,
    head: &'a Head,
    left: u64,
}

/// More rows had to be read than one question may.
pub struct TooMany;

impl<'a, E: Entries> Rows<'a, E> {
    /// None is read yet.
    pub fn new(entries: &'a E, head: &'a Head) -> Self {
        Self { entries, head, left: USAGE_ROWS_MAX }
    }

    /// Shows what the rows from a position down are as usage, each with its position, while they are
    /// wanted: until one is, by its position and when it was recorded, too old.
    pub fn down(
        &mut self,
        from: Position,
        is_too_old: impl Fn(&history::Entry) -> bool,
        mut show: impl FnMut(&Used<'_>) -> Result<(), Overflow>,
    ) -> Result<Result<(), TooMany>, StoreError> {
        let mut position = from;
        while position != 0 {
            let entry = history::read(self.entries, self.head, position)?;
            if is_too_old(&entry) {
                break;
            }
            let Some(left) = self.left.checked_sub(1) else { return Ok(Err(TooMany)) };
            self.left = left;
            used(&entry.row)
                .and_then(|used| used.as_ref().map_or(Ok(()), &mut show))
                .map_err(|error| StoreError::Corrupt(format!("entries {position}: {error}")))?;
            history::check_older(position, entry.links.previous)?;
            position = entry.links.previous;
        }
        Ok(Ok(()))
    }
}

/// The usage of a wallet from its rows alone; none if more than [`USAGE_ROWS_MAX`] rows were recorded
/// since its first instant.
pub fn usage(
    entries: &impl Entries,
    head: &Head,
    query: &UsageQuery,
) -> Result<Option<Vec<UsageSeries>>, StoreError> {
    let mut tally = Tally::new(query);
    // What was recorded before is attributed to no later instant.
    let ahead = scrip_core::limits::ATTRIBUTION_AHEAD_MAX_MILLISECONDS;
    let oldest = query.from.later(-ahead);
    let mut rows = Rows::new(entries, head);
    let is_too_old = |entry: &history::Entry| entry.row.recorded_at < oldest;
    let read = rows.down(head.last, is_too_old, |used| tally.add_used(used))?;
    Ok(read.is_ok().then(|| tally.finish()))
}
