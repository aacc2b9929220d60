//! Finds what requests name.

use std::sync::Arc;

use scrip_core::{CurrencyId, CustomerId, Entity, Refusal, ResourceId};
use scrip_ledger::{Answer, Record, RecordKind, RecordTimes, resource_record_id};

use crate::error::ApiError;
use crate::http::Call;
use crate::refusal;

/// 404 for an identifier that names nothing.
pub(crate) fn not_found(entity: Entity, id: &str) -> ApiError {
    refusal::of_rules(&Refusal::not_found(entity, id))
}

/// The record of an order's answer, and what it is.
pub(crate) fn answered<'a, T>(
    answer: &'a Answer,
    what: &str,
    of: impl FnOnce(&Record) -> Option<T>,
) -> Result<(&'a Record, T), ApiError> {
    let record = match answer {
        Answer::Record(record) => Some(record.as_ref()),
        _ => None,
    };
    let found = record.and_then(|record| Some((record, of(record)?)));
    found.ok_or_else(|| {
        ApiError::internal(format!("the ledger answered an order for {what} with something else"))
    })
}

/// Since when there is a customer, archived or not.
pub(crate) async fn find_customer(
    call: &Call,
    id: &CustomerId,
) -> Result<Option<RecordTimes>, ApiError> {
    Ok(call.ledger().record_times(RecordKind::Customer, id.as_str()).await?)
}

/// The customer exists, archived or not.
pub(crate) async fn customer_exists(call: &Call, id: &CustomerId) -> Result<(), ApiError> {
    let found = find_customer(call, id).await?;
    found.map(|_| ()).ok_or_else(|| not_found(Entity::Customer, id.as_str()))
}

/// A customer that must be there, archived or not.
pub(crate) async fn existing_customer(call: &Call, id: &CustomerId) -> Result<Record, ApiError> {
    let found = call.ledger().record(RecordKind::Customer, id.as_str()).await?;
    found.ok_or_else(|| not_found(Entity::Customer, id.as_str()))
}

/// A currency: the live one of this identifier, else the one archived last.
pub(crate) async fn find_currency(
    call: &Call,
    id: &CurrencyId,
) -> Result<Option<Arc<Record>>, ApiError> {
    Ok(call.ledger().shared_record(RecordKind::CustomCurrency, id.as_str()).await?)
}

/// The same; it must be there.
pub(crate) async fn existing_currency(
    call: &Call,
    id: &CurrencyId,
) -> Result<Arc<Record>, ApiError> {
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
    Ok(call.ledger().record_times(RecordKind::Resource, &id).await?.is_some())
}
