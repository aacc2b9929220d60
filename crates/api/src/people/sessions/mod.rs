//! `/api/v1/people/{personId}/sessions`: where somebody is signed in.

mod end;
mod list;
mod view;

use scrip_core::Entity;
use scrip_ledger::{Session, sessions_of};

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

/// The sessions of the person in the path that stand, newest first. Somebody is signed in to every account
/// that they belong to at once: of several, none sees from where, nor ends it.
async fn standing(call: &Call) -> Result<Vec<Session>, ApiError> {
    let account = account(call).await?;
    let (_, person) = existing(call, &account).await?;
    if !person.is_only_in(&account) {
        let message = "personId: the person belongs to other accounts too, and a session is one in all \
                       of them";
        return Err(ApiError::bad("InvalidArgumentError", message));
    }
    let (sessions, _) = sessions_of(call.app().whole_ledger(), &person).await?;
    Ok(sessions)
}

/// The one in the path.
async fn existing_session(call: &Call) -> Result<Session, ApiError> {
    let id = call.path("sessionId");
    let found = standing(call).await?.into_iter().find(|session| session.public_id() == id);
    found.ok_or_else(|| not_found(Entity::Session, id))
}
