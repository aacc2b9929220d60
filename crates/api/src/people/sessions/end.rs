//! `DELETE /api/v1/people/{personId}/sessions/{sessionId}`: a session is over.

use scrip_ledger::{RecordKind, Work};

use super::{TAG, existing_session, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let session = existing_session(write.call()).await?;
    let work = Work::ArchiveRecord(RecordKind::Session, session.record_id());
    write.execute_once_shown(work, None, move |_, _| Ok(Reply::ok(view::of(&session)))).await
}

pub(super) fn operation() -> Operation {
    Operation::new("endSession", TAG, "End a session")
        .text(
            "Nothing is answered in it any more, from the answer on. Of somebody who belongs to this \
             account alone: a session is one in all accounts.",
        )
        .path("personId", "The person's id")
        .path("sessionId", "The session's id")
        .answers(200, "The session, which is over", "SessionResponse")
        .refuses(&[404])
}
