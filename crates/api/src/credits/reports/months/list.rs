//! `GET /api/v1/credits/reports/months`: the closed months, the last one first.

use scrip_ledger::{ClosedMonth, CreatedRange, Page, RecordKind, RecordQuery};

use crate::credits::reports::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(in crate::credits::reports) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let scope = paging::scope(&call, "closed-months");
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::ClosedMonth,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: None,
        page: paging::page(call.query(), &scope)?,
    };
    let Page { items, newer, older } = call.ledger().records(query).await?;
    let mut months = Vec::with_capacity(items.len());
    for (point, record) in items {
        let wrong = || ApiError::internal(format!("the record {} is no month", record.id));
        months.push((point, ClosedMonth::of(&record).ok_or_else(wrong)?));
    }
    let page = Page { items: months, newer, older };
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write_month)))
}

pub(in crate::credits::reports) fn operation() -> Operation {
    Operation::new("listClosedMonths", TAG, "List closed months").paged().answers(
        200,
        "A page of closed months, the last one first",
        "ClosedMonthList",
    )
}
