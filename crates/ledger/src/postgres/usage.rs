//! Answers questions about usage from the days that are added up and the rows behind them.

use super::reader::Reader;
use super::tables::{bucket_of, usage as days_table};
use crate::history::Head;
use crate::reading::{self, store_error};
use crate::usage::{Days, stretch_of};
use crate::work::StoreError;
use crate::{LedgerError, UsageQuery, UsageSeries};

/// What was consumed of a wallet; none if too many rows would have to be read. The reader's
/// transaction is of one instant: the days reach as far as they say.
pub fn usage(
    reader: &Reader<'_>,
    query: &UsageQuery,
) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
    let key = std::slice::from_ref(&query.wallet);
    let heads = reading::heads(reader, key).map_err(store_error)?;
    let Some(head) = heads.first() else { return Ok(Some(query.nothing())) };
    let days = match read(reader, head, query) {
        Ok(days) => days,
        Err(StoreError::Corrupt(error)) => {
            tracing::error!(error, "usage is told from the rows; run scrip verify");
            Days::up_to(0, query)
        }
        Err(error) => return Err(store_error(error)),
    };
    days.finish(reader, head).map_err(store_error)
}

fn read<'q>(
    reader: &Reader<'_>,
    head: &Head,
    query: &'q UsageQuery,
) -> Result<Days<'q>, StoreError> {
    let (session, key) = (reader.session(), &query.wallet);
    let mut days = Days::up_to(days_table::reach(session)?, query);
    let wallet = (bucket_of(key.environment, &key.customer), head.number);
    let with_sets = !query.group_by.is_empty();
    days_table::each_of(session, wallet, stretch_of(query), with_sets, |row| days.take(row))?;
    Ok(days)
}
