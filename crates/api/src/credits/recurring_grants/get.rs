//! `GET /api/v1/credits/recurring-grants/{recurringGrantId}`: one.

use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let found = view::of_record(&call, &existing(&call).await?).await?;
    Ok(Reply::ok(document(call.numbers(), |writer| view::write(writer, &found))))
}

pub(super) fn operation() -> Operation {
    Operation::new("getRecurringGrant", TAG, "Get a recurring grant")
        .path("recurringGrantId", "Its id")
        .answers(200, "The recurring grant", "RecurringGrantResponse")
        .refuses(&[404])
}
