//! Answers questions about usage from the days in `snapshots.db` and the rows behind them.

use super::Shared;
use super::readers::Reader;
use super::snapshots;
use crate::history::Head;
use crate::reading::{self, store_error};
use crate::usage::{Days, stretch_of};
use crate::work::StoreError;
use crate::{LedgerError, UsageQuery, UsageSeries};

/// What was consumed of a wallet; none if too many rows would have to be read.
pub(super) fn usage(
    reader: &Reader,
    shared: &Shared,
    query: &UsageQuery,
) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
    let key = std::slice::from_ref(&query.wallet);
    let heads = reading::heads(&shared.wallets, key).map_err(store_error)?;
    let Some(head) = heads.first() else { return Ok(Some(query.nothing())) };
    let days = match read(shared, head, query) {
        Ok(days) => days,
        Err(error) => {
            tracing::error!(%error, "usage is told from the rows");
            if let StoreError::Corrupt(_) = error {
                snapshots::condemn(&shared.directory);
            }
            Days::up_to(0, query)
        }
    };
    days.finish(reader, head).map_err(store_error)
}

fn read<'q>(shared: &Shared, head: &Head, query: &'q UsageQuery) -> Result<Days<'q>, StoreError> {
    shared.wallets.snapshots().with(|connection| {
        // One instant for the days and for how far they reach.
        connection.execute_batch("begin")?;
        let reach = snapshots::usage_reach(connection)?.added_up_to();
        let mut days = Days::up_to(reach.of(head.number), query);
        let with_sets = !query.group_by.is_empty();
        snapshots::each_day_of(connection, head.number, stretch_of(query), with_sets, |row| {
            days.take(row)
        })?;
        connection.execute_batch("commit")?;
        Ok(days)
    })
}
