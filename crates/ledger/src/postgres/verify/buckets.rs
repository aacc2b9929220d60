//! Which buckets there are.

use super::super::session::Session;
use super::super::tables::column;
use crate::work::StoreError;

/// The buckets of a table: an index probe for each, however many rows there are.
macro_rules! buckets_of {
    ($table:literal) => {
        concat!(
            "select bucket from (
                 with recursive found as (
                     select min(bucket) as bucket from ",
            $table,
            "
                     union all
                     select (select min(t.bucket) from ",
            $table,
            " t where t.bucket > found.bucket) from found where found.bucket is not null
                 )
                 select bucket from found where bucket is not null
             ) of_table"
        )
    };
}

/// All buckets in which something lies, in order.
pub fn buckets(session: &Session) -> Result<Vec<i16>, StoreError> {
    if session.shards().is_distributed() {
        let sql = "
            select distinct bucket from wallets union select distinct bucket from entries
            union select distinct bucket from names union select distinct bucket from states
            union select distinct bucket from records union select distinct bucket from record_keys
            union select distinct bucket from grants union select distinct bucket from domain_events
            union select distinct bucket from usage_days order by bucket";
        return session.query(sql, &[])?.iter().map(|row| column(row, "bucket")).collect();
    }
    let sql = concat!(
        buckets_of!("wallets"),
        " union ",
        buckets_of!("entries"),
        " union ",
        buckets_of!("names"),
        " union ",
        buckets_of!("states"),
        " union ",
        buckets_of!("records"),
        " union ",
        buckets_of!("record_keys"),
        " union ",
        buckets_of!("grants"),
        " union ",
        buckets_of!("domain_events"),
        " union ",
        buckets_of!("usage_days"),
        " order by bucket"
    );
    session.query(sql, &[])?.iter().map(|row| column(row, "bucket")).collect()
}
