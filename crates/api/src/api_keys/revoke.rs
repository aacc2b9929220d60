//! `DELETE /api/v1/api-keys/{keyId}`: a key speaks for nobody any more.

use scrip_ledger::{ApiKeyChange, ApiKeyDeed, Work};

use super::{TAG, existing, refuse_itself, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let (record, _) = existing(write.call()).await?;
    refuse_itself(write.call(), &record, "revoke")?;
    let change = ApiKeyChange { record_id: record.id, deed: ApiKeyDeed::Revoke };
    let (work, now) = (Work::ChangeApiKey(Box::new(change)), write.call().real_now());
    write
        .execute_once_shown(work, None, move |answer, _| {
            Ok(Reply::ok(view::answered(answer, now)?))
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("revokeApiKey", TAG, "Revoke an API key")
        .text("It is refused from the answer on, for good. A key that was revoked stays so.")
        .path("keyId", "The key's id")
        .answers(200, "The key, revoked", "ApiKeyResponse")
        .refuses(&[404])
}
