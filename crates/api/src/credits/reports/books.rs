//! Reading the rows of a report.

use scrip_ledger::{ClosedMonth, RevenueBooks, RevenueQuery};

use crate::error::ApiError;
use crate::http::Call;

/// How often rows are read anew because a month was closed meanwhile.
const TRIES: usize = 3;

/// Reads the rows by all months that are closed when its last row is known: a month that is closed meanwhile
/// says of rows that are in the report already where they belong.
pub(super) async fn read_settled(
    call: &Call,
    query: &RevenueQuery,
    mut closed: Vec<ClosedMonth>,
) -> Result<RevenueBooks, ApiError> {
    for _ in 0..TRIES {
        let books = read(call, query.clone(), &closed).await?;
        let now = call.ledger().closed_months().await?;
        if now.len() == closed.len() {
            return Ok(books);
        }
        closed = now;
    }
    Err(ApiError::unavailable("others are closing months: try again"))
}

/// Reads every row that there is, a stretch at a time: nothing is held between two, and nobody waits for
/// it. If the client leaves, it ends.
pub(super) async fn read(
    call: &Call,
    query: RevenueQuery,
    closed: &[ClosedMonth],
) -> Result<RevenueBooks, ApiError> {
    let (app, ledger) = (call.app(), call.ledger());
    let _place = app.report_place().ok_or_else(|| {
        ApiError::unavailable("too many reports are running: try again when one has ended")
    })?;
    let mut books = Box::new(RevenueBooks::new(query, closed));
    while !books.are_whole() {
        if app.is_stopping() {
            return Err(ApiError::unavailable("the server stops"));
        }
        books = ledger.add_up_revenue(books).await?;
    }
    for id in books.asks_for() {
        let grant = ledger.grant(id).await?;
        let details = grant.as_ref().and_then(|it| it.invoice.details(it.grant.created_at));
        if let Some(returns) = details.and_then(|details| details.money_back) {
            books.restore(id, &returns.state);
        }
    }
    Ok(*books)
}
