//! `/api/v1/api-keys`: who may ask for what (decision record 27). An extension of ours.

mod create;
mod get;
mod list;
mod request;
mod revoke;
mod rotate_secret;
pub(crate) mod secret;
mod update;
mod view;

use scrip_core::Entity;
use scrip_ledger::{ApiKey, PageRequest, Permissions, Record, Start};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

const TAG: &str = "API keys";

/// Keys that are looked through at a time for the one that is asked for.
const LOOKED_THROUGH: usize = 200;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const KEYS: &str = "/api/v1/api-keys";
    const KEY: &str = "/api/v1/api-keys/{keyId}";
    vec![
        Endpoint::post(KEYS, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(KEYS, list::operation(), list::handler),
        Endpoint::get(KEY, get::operation(), get::handler),
        Endpoint::patch(KEY, update::operation(), update::handler),
        Endpoint::delete(KEY, revoke::operation(), revoke::handler),
        Endpoint::post(
            "/api/v1/api-keys/{keyId}/rotate-secret",
            Accepts::CHANGE,
            rotate_secret::operation(),
            rotate_secret::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateApiKeyRequest", create::schema()));
    components.push(("UpdateApiKeyRequest", update::schema()));
    components.push(("RotateApiKeySecretRequest", rotate_secret::schema()));
    components
}

/// The key in the path, with its record, revoked or not.
async fn existing(call: &Call) -> Result<(Record, ApiKey), ApiError> {
    let id = call.path("keyId");
    let mut start = Start::Newest;
    loop {
        let page = PageRequest { start, limit: LOOKED_THROUGH };
        let page = call.ledger().api_keys(page).await?;
        let older = page.older_cursor();
        for (_, record) in page.items {
            if let Some(key) = ApiKey::of(&record).filter(|key| key.id == id) {
                return Ok((record, key));
            }
        }
        match older {
            Some(point) => start = Start::After(point),
            None => return Err(not_found(Entity::ApiKey, id)),
        }
    }
}

/// The same; it must not be revoked.
async fn live(call: &Call) -> Result<(Record, ApiKey), ApiError> {
    let (record, key) = existing(call).await?;
    match record.archived_at {
        None => Ok((record, key)),
        Some(_) => Err(of_key("this API key was revoked, which cannot be undone")),
    }
}

/// Nobody makes a key that may more than himself, nor gets hold of the secret of one.
fn refuse_more(call: &Call, permissions: Permissions) -> Result<(), ApiError> {
    if call.caller().permissions.include(permissions) {
        return Ok(());
    }
    let message = "your role makes and changes no API key that may more than itself";
    Err(ApiError::forbidden("AccessDeniedError", message))
}

/// Whoever could take the last full key away from everybody would do it by mistake one day.
fn refuse_itself(call: &Call, record: &Record, deed: &str) -> Result<(), ApiError> {
    if *call.caller().record_id != *record.id {
        return Ok(());
    }
    Err(of_key(&format!("a key does not {deed} itself: ask with another full key")))
}

fn of_key(message: &str) -> ApiError {
    ApiError::bad("InvalidArgumentError", format!("keyId: {message}"))
}
