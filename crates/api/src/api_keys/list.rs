//! `GET /api/v1/api-keys`: the keys of the environment, newest first.

use scrip_ledger::ApiKey;

use super::request::now;
use super::{TAG, query, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let scope = paging::scope(&call, "api-keys");
    let query = query(&call, paging::page(call.query(), &scope)?);
    let page = call.ledger().records(query).await?;
    let now = now(&call);
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, |writer, record| match ApiKey::of(
        record,
    ) {
        Some(key) => view::write(writer, record, &key, now, None),
        None => writer.null(),
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("listApiKeys", TAG, "List API keys").paged().answers(
        200,
        "A page of keys, revoked ones too, newest first",
        "ApiKeyList",
    )
}
