//! Finds what requests name.

use scrip_core::{CurrencyId, CustomerId, Entity, Refusal, ResourceId};
use scrip_ledger::{
    CreatedRange, PageRequest, Record, RecordKind, RecordQuery, Start, resource_record_id,
};

use crate::error::ApiError;
use crate::http::Call;
use crate::limits::PAGE_MAX;
use crate::refusal;

/// 404 for an identifier that names nothing.
pub(crate) fn not_found(entity: Entity, id: &str) -> ApiError {
    refusal::of_rules(&Refusal::not_found(entity, id))
}

/// A customer, archived or not.
pub(crate) async fn find_customer(
    call: &Call,
    id: &CustomerId,
) -> Result<Option<Record>, ApiError> {
    let environment = call.environment();
    Ok(call.ledger().record(environment, RecordKind::Customer, id.as_str()).await?)
}

/// The same; it must be there.
pub(crate) async fn existing_customer(call: &Call, id: &CustomerId) -> Result<Record, ApiError> {
    let found = find_customer(call, id).await?;
    found.ok_or_else(|| not_found(Entity::Customer, id.as_str()))
}

/// A currency: the live one of this identifier, else the one that was made last of the archived.
pub(crate) async fn find_currency(
    call: &Call,
    id: &CurrencyId,
) -> Result<Option<Record>, ApiError> {
    let (ledger, environment) = (call.ledger(), call.environment());
    let live = ledger.record(environment, RecordKind::CustomCurrency, id.as_str()).await?;
    if live.is_some() {
        return Ok(live);
    }
    // An archived currency has given its identifier back, so it is found by reading the list.
    let mut start = Start::Newest;
    loop {
        let query = RecordQuery {
            environment,
            kind: RecordKind::CustomCurrency,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: Some(true),
            page: PageRequest { start, limit: PAGE_MAX },
        };
        let page = ledger.records(query).await?;
        let next = page.older_cursor();
        let found = page.items.into_iter().find(|(_, record)| record.id == id.as_str());
        match (found, next) {
            (Some((_, record)), _) => return Ok(Some(record)),
            (None, Some(point)) => start = Start::After(point),
            (None, None) => return Ok(None),
        }
    }
}

/// The same; it must be there.
pub(crate) async fn existing_currency(call: &Call, id: &CurrencyId) -> Result<Record, ApiError> {
    let found = find_currency(call, id).await?;
    found.ok_or_else(|| not_found(Entity::CustomCurrency, id.as_str()))
}

/// The resource exists.
pub(crate) async fn resource_exists(
    call: &Call,
    customer: &CustomerId,
    resource: &ResourceId,
) -> Result<bool, ApiError> {
    let id = resource_record_id(customer, resource);
    Ok(call.ledger().record(call.environment(), RecordKind::Resource, &id).await?.is_some())
}
