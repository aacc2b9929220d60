//! `/api/v1/credits/recurring-grants`: credits that are given anew each period (decision 82).

mod get;
mod list;
mod put;
mod remove;
mod view;

use scrip_core::{Entity, RecurringGrantId};
use scrip_ledger::{Record, RecordKind};

use crate::error::ApiError;
use crate::http::{Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

const TAG: &str = "Recurring grants";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const RECURRING_GRANTS: &str = "/api/v1/credits/recurring-grants";
    const RECURRING_GRANT: &str = "/api/v1/credits/recurring-grants/{recurringGrantId}";
    vec![
        Endpoint::put(RECURRING_GRANT, put::operation(), put::handler),
        Endpoint::get(RECURRING_GRANT, get::operation(), get::handler),
        Endpoint::delete(RECURRING_GRANT, remove::operation(), remove::handler),
        Endpoint::get(RECURRING_GRANTS, list::operation(), list::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("PutRecurringGrantRequest", put::schema()));
    components
}

/// The recurring grant in the path. What none can be called, none is.
fn path_id(call: &Call) -> Result<RecurringGrantId, ApiError> {
    let id = call.path("recurringGrantId");
    RecurringGrantId::parse(id).map_err(|_| unknown(id))
}

/// The record of the recurring grant in the path.
async fn existing(call: &Call) -> Result<Record, ApiError> {
    let id = path_id(call)?;
    let found = call.ledger().record(RecordKind::RecurringGrant, id.as_str()).await?;
    found.filter(|record| record.archived_at.is_none()).ok_or_else(|| unknown(id.as_str()))
}

fn unknown(id: &str) -> ApiError {
    not_found(Entity::RecurringGrant, id)
}
