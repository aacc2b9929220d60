//! `/api/v1/credits/grants`.

mod create;
mod get;
mod list;
mod patch;
mod view;
mod void;

use scrip_core::{Entity, GrantId};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

pub(crate) use view::{STATUS_NAMES, TYPE_NAMES, status_name, type_name};

const TAG: &str = "Credit grants";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const GRANTS: &str = "/api/v1/credits/grants";
    const GRANT: &str = "/api/v1/credits/grants/{id}";
    vec![
        Endpoint::post(GRANTS, Accepts::ONCE, create::operation(), create::handler),
        Endpoint::get(GRANTS, list::operation(), list::handler),
        Endpoint::get(GRANT, get::operation(), get::handler),
        Endpoint::patch(GRANT, patch::operation(), patch::handler),
        Endpoint::post(
            "/api/v1/credits/grants/{id}/void",
            Accepts::ONCE,
            void::operation(),
            void::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateCreditGrantRequest", create::schema()));
    components.push(("UpdateCreditGrantRequest", patch::schema()));
    components
}

/// The grant in the path. What no grant is called, none is.
fn path_grant(call: &Call) -> Result<GrantId, ApiError> {
    let id = call.path("id");
    GrantId::parse(id).ok_or_else(|| not_found(Entity::Grant, id))
}
