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
use scrip_ledger::{Person, Record, RecordKind, SYSTEM, person_by_id};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

const TAG: &str = "People";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const PEOPLE: &str = "/api/v1/people";
    const PERSON: &str = "/api/v1/people/{personId}";
    let mut endpoints = vec![
        Endpoint::post(PEOPLE, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(PEOPLE, list::operation(), list::handler),
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

/// The account of the environment that is asked about.
pub(crate) async fn account(call: &Call) -> Result<String, ApiError> {
    let id = call.environment().0.to_string();
    let record = call.ledger().record(SYSTEM, RecordKind::Environment, &id).await?;
    let account = record.as_ref().and_then(|record| record.text("account"));
    account.map(str::to_owned).ok_or_else(|| ApiError::internal("an environment has no account"))
}

/// The person in the path, with the record, who belongs to an account.
async fn existing(call: &Call, account: &str) -> Result<(Record, Person), ApiError> {
    let id = call.path("personId");
    let found = person_by_id(call.ledger(), id).await?;
    let member = found.filter(|(record, person)| {
        record.archived_at.is_none() && person.membership(account).is_some()
    });
    member.ok_or_else(|| not_found(Entity::Person, id))
}
