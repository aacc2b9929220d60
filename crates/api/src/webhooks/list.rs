//! `GET /api/v1/webhooks`: the endpoints of the environment, newest first.

use scrip_ledger::{CreatedRange, RecordKind, RecordQuery, WebhookEndpoint};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let scope = paging::scope(&call, "webhooks");
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::WebhookEndpoint,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: Some(false),
        page: paging::page(call.query(), &scope)?,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, |writer, record| {
        match WebhookEndpoint::of(record) {
            Some(endpoint) => view::write(writer, record, &endpoint, None),
            None => writer.null(),
        }
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("listWebhooks", TAG, "List webhook endpoints").paged().answers(
        200,
        "A page of endpoints, newest first",
        "WebhookList",
    )
}
