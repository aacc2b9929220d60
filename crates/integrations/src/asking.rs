//! What is asked of the ledger by everybody here.

use std::ops::ControlFlow;

use scrip_core::{EnvironmentId, Origin};
use scrip_ledger::{
    Answer, Executed, Ledger, LedgerError, Order, Record, RecordKind, RecordQuery, SYSTEM, Work,
    each_record,
};

/// Every environment.
pub(crate) async fn environments(ledger: &dyn Ledger) -> Result<Vec<EnvironmentId>, LedgerError> {
    let found = all(ledger, SYSTEM, RecordKind::Environment, Vec::new(), usize::MAX).await?;
    let numbers = found.iter().filter_map(|record| record.id.parse().ok());
    Ok(numbers.map(EnvironmentId).filter(|environment| *environment != SYSTEM).collect())
}

/// Has the ledger carry out an order of nobody but us.
pub(crate) async fn execute(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    work: Work,
) -> Result<Answer, LedgerError> {
    let order = Order { environment, origin: Origin::SYSTEM, work, remember: None };
    match ledger.execute(order).await? {
        Executed::Fresh(answer) => Ok(answer),
        Executed::Replayed(_) => {
            Err(LedgerError::Internal("an answer was stored that must not be".to_owned()))
        }
    }
}

/// The live records of a kind, page by page, newest first, until there are enough.
pub(crate) async fn all(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    kind: RecordKind,
    matching: Vec<(&'static str, String)>,
    most: usize,
) -> Result<Vec<Record>, LedgerError> {
    let query =
        RecordQuery { matching, archived: Some(false), ..RecordQuery::all_of(environment, kind) };
    let mut records = Vec::new();
    each_record(ledger, query, |record| {
        records.push(record);
        if records.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .await?;
    Ok(records)
}
