//! `POST /api/v1/people`: invites somebody to the account.

use scrip_ledger::anchors::to_hex;
use scrip_ledger::{PersonChange, PersonDeed, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TAG, account, request, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, filled_text, nullable, optional, required};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    email: Text<'a>,
    role: Text<'a>,
    display_name: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let account = account(call).await?;
    let request: Request<'_> = read_body(write.body())?;
    let email = request::email(&request.email)?;
    let role = request::role(&request.role)?;
    let name = request.display_name.as_ref().map(request::display_name).transpose()?;
    let mut bits = [0; 10];
    call.app().ids().fill(&mut bits);
    let minted = request::mint(call, &account, &email);
    let deed = PersonDeed::Invite {
        person_id: format!("person_{}", to_hex(&bits)),
        display_name: name.unwrap_or_else(|| email.to_string()),
        account: account.clone(),
        role,
        link: Some(minted.link.clone()),
    };
    let link = view::Link { token: minted.token, expires_at: minted.link.expires_at };
    let work = Work::ChangePerson(Box::new(PersonChange { email, deed }));
    let expires_at = link.expires_at;
    write
        .execute_once_shown(work, Some(link.token), move |answer, token| {
            let (record, person) = view::read(answer)?;
            // Only somebody new gets a link: with one of another account one could go there.
            let is_new = person.is_invited() && person.is_only_in(&account);
            let link = is_new.then_some((token, expires_at));
            Ok(Reply::created(view::with_link(record, &person, &account, link)).no_store())
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("invitePerson", TAG, "Invite a person")
        .text(
            "To the account that the request is for. The answer shows the token of a \
             sign-in link, and nothing shows it again: not a repetition with the same \
             `Idempotency-Key` either. Somebody who belongs to another account already gets none, \
             and signs in as before; if they have a password, the place is `DISABLED` until it is \
             made `ACTIVE`: whoever knows that password may have been given it by the other \
             account.",
        )
        .body("InvitePersonRequest")
        .answers(201, "The person, with the link", "PersonWithLinkResponse")
}

pub(super) fn schema() -> Value {
    let email = json!({"type": "string", "format": "email", "maxLength": 254});
    let name = nullable(filled_text());
    closed([
        required("email", described(email, "By which they sign in; it never changes")),
        required("role", described(request::role_schema(), "What they may in the account")),
        optional("displayName", described(name, "The address, if absent")),
    ])
}
