//! `GET /api/v1/people/{personId}/sessions`: the sessions that stand, newest first.

use super::{TAG, standing, view};
use crate::error::ApiError;
use crate::http::{Call, Numbers, Reply};
use crate::json::Writer;
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let sessions = standing(&call).await?;
    let mut writer = Writer::new(Numbers::AsNumbers);
    writer.object(|members| members.array("data", &sessions, view::write));
    Ok(Reply::ok(writer.finish()))
}

pub(super) fn operation() -> Operation {
    Operation::new("listSessions", TAG, "List a person's sessions")
        .text("Of somebody who belongs to this account alone: a session is one in all accounts.")
        .path("personId", "The person's id")
        .answers(200, "The sessions that stand, at most 20, newest first", "SessionList")
        .refuses(&[404])
}
