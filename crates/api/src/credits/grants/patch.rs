//! `PATCH /api/v1/credits/grants/{id}`: changes what may be changed of a grant (decision 27).

use scrip_core::{EditGrant, GrantChange};
use scrip_ledger::Work;
use serde::Deserialize;
use serde_json::Value;

use super::create::priority;
use super::{TAG, path_grant, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Metadata, Number, Text, present, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{self, closed, described, instant, integer, nullable, optional};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    comment: Option<Option<Text<'a>>>,
    #[serde(default, deserialize_with = "present")]
    metadata: Option<Option<Metadata>>,
    priority: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    expire_at: Option<Option<Text<'a>>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let change = parse(write.body())?;
    let edit = EditGrant { id: path_grant(write.call())?, change };
    let work = Work::EditGrant(Box::new(edit));
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

fn parse(body: &[u8]) -> Result<GrantChange, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let text = |field: &str, text: &Text<'_>| fields::text(field, text);
    Ok(GrantChange {
        display_name: request.display_name.map(|name| text("displayName", &name)).transpose()?,
        comment: request
            .comment
            .map(|comment| comment.map(|comment| text("comment", &comment)).transpose())
            .transpose()?,
        metadata: request
            .metadata
            .map(|metadata| match metadata {
                Some(metadata) => fields::metadata("metadata", metadata),
                None => Ok(Default::default()),
            })
            .transpose()?,
        priority: request.priority.map(|number| priority(number.0.get())).transpose()?,
        expire_at: request
            .expire_at
            .map(|at| at.map(|Text(at)| fields::instant("expireAt", &at)).transpose())
            .transpose()?,
    })
}

pub(super) fn operation() -> Operation {
    Operation::new("updateCreditGrant", TAG, "Update a credit grant")
        .text(
            "An extension of the official API. Amount and `effectiveAt` never change; a new \
             priority concerns later consumption.",
        )
        .path("id", "The grant's id")
        .body("UpdateCreditGrantRequest")
        .answers(200, "The grant, changed", "CreditGrantResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    closed([
        optional("displayName", nullable(schema::text())),
        optional("comment", described(nullable(schema::text()), "null clears it")),
        optional("metadata", described(nullable(schema::metadata()), "Replaces all of it")),
        optional("priority", nullable(integer(0, 100))),
        optional("expireAt", described(nullable(instant()), "null is never")),
    ])
}
