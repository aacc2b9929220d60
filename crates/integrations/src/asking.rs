//! What is asked of the ledger by everybody here.

use scrip_core::{Actor, EnvironmentId, Origin, TraceId};
use scrip_ledger::{
    Answer, CreatedRange, Executed, Ledger, LedgerError, Order, PageRequest, Record, RecordKind,
    RecordQuery, SYSTEM, Start, Work,
};

/// Records that are read at a time.
const PAGE: usize = 100;

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
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    let order = Order { environment, origin, work, remember: None };
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
    let mut records = Vec::new();
    let mut start = Start::Newest;
    loop {
        let query = RecordQuery {
            environment,
            kind,
            matching: matching.clone(),
            created: CreatedRange::default(),
            archived: Some(false),
            page: PageRequest { start, limit: PAGE },
        };
        let page = ledger.records(query).await?;
        let next = page.older_cursor();
        records.extend(page.items.into_iter().map(|(_, record)| record));
        match next {
            Some(point) if records.len() < most => start = Start::After(point),
            _ => return Ok(records),
        }
    }
}

/// The identifiers of the live records of a kind that match.
pub(crate) async fn ids(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    kind: RecordKind,
    matching: Vec<(&'static str, String)>,
) -> Result<Vec<String>, LedgerError> {
    let (mut ids, mut start) = (Vec::new(), Start::Newest);
    loop {
        let query = RecordQuery {
            environment,
            kind,
            matching: matching.clone(),
            created: CreatedRange::default(),
            archived: Some(false),
            page: PageRequest { start, limit: PAGE },
        };
        let page = ledger.records(query).await?;
        let next = page.older_cursor();
        ids.extend(page.items.into_iter().map(|(_, record)| record.id));
        match next {
            Some(point) => start = Start::After(point),
            None => return Ok(ids),
        }
    }
}
