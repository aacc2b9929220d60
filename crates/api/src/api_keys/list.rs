//! `GET /api/v1/api-keys`: the keys of the environment, newest first.

use scrip_ledger::ApiKey;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let scope = paging::scope(&call, "api-keys");
    let page = call.ledger().api_keys(paging::page(call.query(), &scope)?).await?;
    let now = call.real_now();
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
