//! `POST /api/v1/people/{personId}/sign-in-link`: another link, for somebody who lost the invitation or
//! the password.

use scrip_ledger::{PersonChange, PersonDeed, Work};

use super::{TAG, account, existing, request, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let account = account(call).await?;
    let (_, person) = existing(call, &account).await?;
    let minted = request::mint(call, &account, &person.email);
    let expires_at = minted.link.expires_at;
    let deed = PersonDeed::Link { account: account.clone(), link: minted.link };
    let work = Work::ChangePerson(Box::new(PersonChange { email: person.email, deed }));
    write
        .execute_once_shown(work, Some(minted.token), move |answer, token| {
            let (record, person) = view::read(answer)?;
            let link = Some((token, expires_at));
            Ok(Reply::created(view::with_link(record, &person, &account, link)).no_store())
        })
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("createSignInLink", TAG, "Create a sign-in link")
        .text(
            "With it the person chooses a password, once, within seven days; every session before is \
             over then. Somebody who belongs to other accounts too gets none.",
        )
        .path("personId", "The person's id")
        .answers(201, "The person, with the link", "PersonWithLinkResponse")
        .refuses(&[404])
}
