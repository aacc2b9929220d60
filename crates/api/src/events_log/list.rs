//! `GET /api/v1/events-log`: the events of an environment, oldest first.

use scrip_ledger::{EventKind, EventQuery, Start};

use super::{TAG, scope, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::choice;
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let known = EventKind::ALL.map(|kind| (kind.as_str(), kind));
    let asked = query.one("type")?.map(|list| list.split(',')).into_iter().flatten();
    let kinds = asked.map(|name| fields::choice("type", name, &known)).collect::<Result<_, _>>()?;
    let scope = scope(&call);
    let page = paging::page(query, &scope)?;
    let start = page.start;
    let query = EventQuery { environment: call.environment(), kinds, page };
    let page = call.ledger().events(query).await?;
    // Now, because they may have gone in this moment.
    check_kept(&call, start).await?;
    let id = |view: &scrip_ledger::EventView| scope.write(view.event.point());
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, |writer, view| {
        view::write(writer, &id(view), view);
    })))
}

/// Refuses to go on behind an event whose successors may be gone: they would be skipped.
async fn check_kept(call: &Call, start: Start) -> Result<(), ApiError> {
    let Start::After(point) = start else { return Ok(()) };
    let marks = call.ledger().event_marks().await?;
    if point.upward_position() < marks.forgotten_up_to {
        let message = "after: events behind this one are not kept any more; begin without after";
        return Err(ApiError::bad_input(message));
    }
    Ok(())
}

pub(super) fn operation() -> Operation {
    let names = EventKind::ALL.map(EventKind::as_str);
    Operation::new("listEvents", TAG, "List events")
        .text(
            "Oldest first, and none is ever skipped: go on with `after` = the `messageId` of the last \
             event that you have, also when `pagination.next` was null.",
        )
        .query_list(
            "type",
            serde_json::json!({"type": "array", "items": choice(names)}),
            "Only events of these types",
        )
        .paged()
        .answers(200, "A page of events, oldest first", "EventList")
}
