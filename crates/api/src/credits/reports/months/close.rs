//! `POST /api/v1/credits/reports/months/{month}/close`: the month's figures stand for ever.

use scrip_core::Refusal;
use scrip_ledger::{ClosedMonth, LedgerError, Month, OrderRefusal, RevenueQuery, Work};

use crate::credits::reports::{TAG, books, view};
use crate::error::ApiError;
use crate::http::{Call, Reply, Write};
use crate::json::{document, read_nothing};
use crate::openapi::Operation;

/// How often it looks again after somebody else closed a month meanwhile.
const TRIES: usize = 3;

pub(in crate::credits::reports) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let call = write.call();
    let month = Month::parse(call.path("month"))
        .ok_or_else(|| ApiError::bad_input("month must be a month as YYYY-MM"))?;
    for _ in 0..TRIES {
        let closed = call.ledger().closed_months().await?;
        if let Some(known) = closed.iter().find(|known| known.month == month) {
            return Ok(told(call, known));
        }
        check(call, month, &closed)?;
        if let Some(new) = close(call, month, &closed).await? {
            return Ok(told(call, &new));
        }
    }
    Err(ApiError::unavailable("others are closing months: try again"))
}

/// Refuses a month that is not the next one, or not over.
fn check(call: &Call, month: Month, closed: &[ClosedMonth]) -> Result<(), ApiError> {
    if let Some(last) = closed.last().map(|last| last.month) {
        if month < last {
            let message = format!("month: the months up to {last} are closed already");
            return Err(ApiError::bad("InvalidArgumentError", message));
        }
        if month != last.next() {
            let message = format!("month: {} must be closed first", last.next());
            return Err(ApiError::bad("InvalidArgumentError", message));
        }
    }
    if month.end() > call.now() {
        return Err(ApiError::bad("InvalidArgumentError", format!("month: {month} is not over")));
    }
    Ok(())
}

/// Adds the month up and writes its figures; none if somebody else closed a month meanwhile.
async fn close(
    call: &Call,
    month: Month,
    closed: &[ClosedMonth],
) -> Result<Option<ClosedMonth>, ApiError> {
    let query = RevenueQuery {
        environment: call.environment(),
        currency: None,
        from: month.begin(),
        to: month.end(),
    };
    let books = books::read(call, query, closed).await?;
    let new = ClosedMonth {
        month,
        until: books.until(),
        closed_at: call.now(),
        closed_by: call.caller().actor().to_string(),
        totals: books.totals(),
    };
    let record = new.to_record(closed.len());
    match call.execute(Work::CreateRecord(record)).await {
        Ok(scrip_ledger::Answer::Record(record)) => Ok(ClosedMonth::of(&record)),
        Ok(_) => Err(ApiError::internal("closing a month was not answered with its record")),
        Err(LedgerError::Refused(OrderRefusal { refusal: Refusal::Duplicate { .. }, .. })) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn told(call: &Call, month: &ClosedMonth) -> Reply {
    Reply::ok(document(call.numbers(), |writer| view::write_month(writer, month)))
}

pub(in crate::credits::reports) fn operation() -> Operation {
    let text = "The figures of the month, of all currencies, stand for ever: whatever is recorded later \
                counts in a later month, also if it is attributed to this one. Only a whole month that is \
                over can be closed, and only behind the one that was closed last; the first one may be any, \
                and closes all time before it. It cannot be taken back. Closing again changes nothing.";
    Operation::new("closeMonth", TAG, "Close a month")
        .text(text)
        .path("month", "The month, UTC, as YYYY-MM")
        .answers(200, "The month, closed", "ClosedMonthResponse")
}
