//! `/api/v1/people/{personId}/sessions`: where somebody is signed in.

mod end;
mod list;
mod view;

use scrip_core::Entity;
use scrip_ledger::{Person, Session, sessions_of};

use super::{TAG, account, existing};
use crate::error::ApiError;
use crate::http::{Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const SESSIONS: &str = "/api/v1/people/{personId}/sessions";
    const SESSION: &str = "/api/v1/people/{personId}/sessions/{sessionId}";
    vec![
        Endpoint::get(SESSIONS, list::operation(), list::handler),
        Endpoint::delete(SESSION, end::operation(), end::handler),
    ]
}

pub(super) fn components() -> Vec<Component> {
    view::components()
}

/// The sessions of the person in the path that stand, newest first.
async fn standing(call: &Call) -> Result<(Person, Vec<Session>), ApiError> {
    let account = account(call).await?;
    let (_, person) = existing(call, &account).await?;
    let (sessions, _) = sessions_of(call.ledger(), &person).await?;
    Ok((person, sessions))
}

/// The one in the path.
async fn existing_session(call: &Call) -> Result<Session, ApiError> {
    let id = call.path("sessionId");
    let (_, sessions) = standing(call).await?;
    let found = sessions.into_iter().find(|session| session.public_id() == id);
    found.ok_or_else(|| not_found(Entity::Session, id))
}
