//! `PATCH /api/v1/people/{personId}`: another role, or none for a while.

use scrip_ledger::{PersonChange, PersonDeed, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, account, changed, existing, request, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{choice, closed, described, nullable, optional};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    status: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let account = account(write.call()).await?;
    let request: Request<'_> = read_body(write.body())?;
    let role = request.role.as_ref().map(request::role).transpose()?;
    let words = [("ACTIVE", false), ("DISABLED", true)];
    let status = request.status.as_ref();
    let is_disabled = status.map(|text| fields::choice("status", &text.0, &words)).transpose()?;
    let (record, person) = existing(write.call(), &account).await?;
    let deed = match (role, is_disabled) {
        (Some(role), None) => PersonDeed::SetRole { account: account.clone(), role },
        (None, Some(is_disabled)) => {
            PersonDeed::SetDisabled { account: account.clone(), is_disabled }
        }
        (None, None) => return Ok(Reply::ok(view::of(&record, &person, &account))),
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_input("role and status must not be given together"));
        }
    };
    let work = Work::ChangePerson(Box::new(PersonChange { email: person.email, deed }));
    changed(write, work, account).await
}

pub(super) fn operation() -> Operation {
    Operation::new("updatePerson", TAG, "Update a person")
        .text(
            "What they may in the account, from the answer on, also in sessions that stand. The last \
             owner stays its owner.",
        )
        .path("personId", "The person's id")
        .body("UpdatePersonRequest")
        .answers(200, "The person, changed", "PersonResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let status = nullable(choice(["ACTIVE", "DISABLED"]));
    closed([
        optional("role", nullable(request::role_schema())),
        optional("status", described(status, "DISABLED may nothing in the account")),
    ])
}
