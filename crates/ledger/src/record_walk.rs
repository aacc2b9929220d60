//! Lists of records, read to their end, a page at a time.

use std::ops::ControlFlow;

use scrip_core::EnvironmentId;

use crate::{
    CreatedRange, Ledger, LedgerError, PageRequest, Record, RecordKind, RecordQuery, Start,
};

/// Records that are read at a time.
const PAGE: usize = 100;

impl RecordQuery {
    /// All records of a kind, archived or not; the first page has the newest.
    #[must_use]
    pub fn all_of(environment: EnvironmentId, kind: RecordKind) -> Self {
        Self {
            environment,
            kind,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: None,
            page: PageRequest { start: Start::Newest, limit: PAGE },
        }
    }
}

/// Gives somebody one record after the other, from the first page that is asked for on, until they break
/// off. No more than a page is held at a time.
pub async fn each_record(
    ledger: &dyn Ledger,
    mut query: RecordQuery,
    mut take: impl FnMut(Record) -> ControlFlow<()> + Send,
) -> Result<(), LedgerError> {
    loop {
        let page = ledger.records(query.clone()).await?;
        let next = page.older_cursor();
        for (_, record) in page.items {
            if take(record).is_break() {
                return Ok(());
            }
        }
        match next {
            Some(point) => query.page.start = Start::After(point),
            None => return Ok(()),
        }
    }
}

/// All records that are asked for, from the first page on.
pub async fn every_record(
    ledger: &dyn Ledger,
    query: RecordQuery,
) -> Result<Vec<Record>, LedgerError> {
    let mut records = Vec::new();
    each_record(ledger, query, |record| {
        records.push(record);
        ControlFlow::Continue(())
    })
    .await?;
    Ok(records)
}
