//! `/api/v1/people`: who signs in, and what they may in the account (decision record 28). An extension of
//! ours.

mod create;
mod get;
mod link;
mod list;
mod remove;
mod request;
mod sessions;
mod update;
mod view;

use scrip_core::Entity;
use scrip_ledger::{Person, Record, Work, person_by_id};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint, Reply, Write};
use crate::lookup::not_found;
use crate::openapi::Component;
use crate::places;

const TAG: &str = "People";

/// Under this, requests are about an account and not about one of its environments.
pub(crate) const PREFIX: &str = "/api/v1/people";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const PERSON: &str = "/api/v1/people/{personId}";
    let mut endpoints = vec![
        Endpoint::post(PREFIX, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(PREFIX, list::operation(), list::handler),
        Endpoint::get(PERSON, get::operation(), get::handler),
        Endpoint::patch(PERSON, update::operation(), update::handler),
        Endpoint::delete(PERSON, remove::operation(), remove::handler),
        Endpoint::post(
            "/api/v1/people/{personId}/sign-in-link",
            Accepts::CHANGE,
            link::operation(),
            link::handler,
        ),
    ];
    endpoints.extend(sessions::endpoints());
    endpoints
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("InvitePersonRequest", create::schema()));
    components.push(("UpdatePersonRequest", update::schema()));
    components.extend(sessions::components());
    components
}

/// The account of the environment that is asked about, for whoever may administer it.
pub(crate) async fn account(call: &Call) -> Result<String, ApiError> {
    let own = places::own(call).await?;
    places::may_administer(call, &own)?;
    Ok(own.account)
}

/// Carries out a change of somebody, and shows them as their account sees them then.
async fn changed(write: Write, work: Work, account: String) -> Result<Reply, ApiError> {
    write
        .execute_once_shown(work, None, move |answer, _| {
            let (record, person) = view::read(answer)?;
            Ok(Reply::ok(view::of(record, &person, &account)))
        })
        .await
}

/// The person in the path, with the record, who belongs to an account.
async fn existing(call: &Call, account: &str) -> Result<(Record, Person), ApiError> {
    let id = call.path("personId");
    let found = person_by_id(call.app().whole_ledger(), id).await?;
    let member = found.filter(|(record, person)| {
        record.archived_at.is_none() && person.membership(account).is_some()
    });
    member.ok_or_else(|| not_found(Entity::Person, id))
}
