//! `POST /api/v1/api-keys/{keyId}/rotate-secret`: a new secret, and for a while the old one too.

use scrip_ledger::{ApiKeyChange, ApiKeyDeed, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, live, of_key, refuse_more, secret, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Number, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, integer, nullable, optional};

const DAY_SECONDS: i64 = 24 * 60 * 60;
const OVERLAP_SECONDS_MAX: i64 = 7 * DAY_SECONDS;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    overlap_seconds: Option<Number<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = match write.body() {
        [] => Request::default(),
        body => read_body(body)?,
    };
    let read = |number: Number<'_>| {
        fields::integer_in("overlapSeconds", number.0.get(), 0..=OVERLAP_SECONDS_MAX)
    };
    let overlap = request.overlap_seconds.map(read).transpose()?.unwrap_or(DAY_SECONDS);
    let call = write.call();
    let (record, key) = live(call).await?;
    refuse_more(call, key.permissions)?;
    let now = call.real_now();
    if key.has_expired(now) {
        return Err(of_key("this API key has expired: give it another expiresAt first"));
    }
    let minted = secret::mint(call);
    let overlap_milliseconds = overlap.saturating_mul(1_000);
    let deed = ApiKeyDeed::Rotate { secret: minted.kept, overlap_milliseconds };
    let change = ApiKeyChange { record_id: record.id, deed };
    let shown = Some(minted.secret);
    write
        .execute_once_shown(Work::ChangeApiKey(Box::new(change)), shown, move |answer, secret| {
            Ok(Reply::ok(view::with_secret(answer, now, secret)?).no_store())
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("rotateApiKeySecret", TAG, "Rotate an API key's secret")
        .text(
            "The answer shows the new secret, and nothing shows it again. The one before is good \
             until `overlapSeconds` are over, so that whoever uses it can change over. Of more than \
             five that are good at a time the oldest ends at once.",
        )
        .path("keyId", "The key's id")
        .body("RotateApiKeySecretRequest")
        .answers(200, "The key, with its new secret", "ApiKeyWithSecretResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let overlap = nullable(integer(0, OVERLAP_SECONDS_MAX));
    closed([optional("overlapSeconds", described(overlap, "A day, if absent"))])
}
