//! Customers, currencies and the other records.

use std::collections::HashMap;

use scrip_core::{CurrencyId, CustomerId, Entity, EnvironmentId, Refusal, WalletKey};
use serde_json::{Map, Value};

use super::{Failure, Place, Standing, State, StoreError, environments, events, links_over};
use crate::account::ACCOUNTS_MAX;
use crate::api_key::API_KEYS_MAX;
use crate::environment::ENVIRONMENTS_MAX;
use crate::event::CurrencyChange;
use crate::person::PEOPLE_MAX;
use crate::{
    Answer, ApiKey, NewRecord, OrderRefusal, Record, RecordKind, RecordPatch, SignInLink,
    resource_record_id,
};

pub(super) fn create(
    state: &mut dyn State,
    at: Place<'_>,
    new: &NewRecord,
) -> Result<Answer, Failure> {
    let existing = state.standing(at.environment, new.kind, &new.id)?;
    let taken = match existing {
        Some(standing) => !standing.is_archived || !new.kind.archiving_frees_id(),
        None => false,
    };
    if taken {
        return Err(duplicate(new.kind, &new.id).into());
    }
    if let Some(environment) = ApiKey::environment_of(new) {
        environments::check_live(state, environment)?;
    }
    check_room(state, at.environment, new.kind)?;
    let record = insert(state, at, new.kind, &new.id, new.body.clone())?;
    events::of_record(state, at, &record, CurrencyChange::Created)?;
    if record.kind == RecordKind::SignInLink {
        links_over::forget(state, None, SignInLink::of(&record).as_ref())?;
    }
    Ok(answer(record))
}

pub(super) fn patch(
    state: &mut dyn State,
    at: Place<'_>,
    patch: &RecordPatch,
) -> Result<Answer, Failure> {
    let mut record = find(state, at, patch.kind, &patch.id)?;
    if !patch.members.is_empty() {
        merge(state, at, &mut record, &patch.members)?;
        events::of_record(state, at, &record, CurrencyChange::Updated)?;
    }
    Ok(answer(record))
}

/// Stores records as they are given, new or in place of what was there: all or none.
pub(super) fn put(
    state: &mut dyn State,
    at: Place<'_>,
    records: &[NewRecord],
) -> Result<Answer, Failure> {
    for new in records {
        match state.record(at.environment, new.kind, &new.id)? {
            Some(mut record) => {
                record.body = new.body.clone();
                record.updated_at = state.now(at.environment).max(record.updated_at);
                state.update_record(&record)?;
            }
            None => {
                insert(state, at, new.kind, &new.id, new.body.clone())?;
            }
        }
    }
    Ok(Answer::Done)
}

pub(super) fn archive(
    state: &mut dyn State,
    at: Place<'_>,
    kind: RecordKind,
    id: &str,
) -> Result<Answer, Failure> {
    let mut record = find(state, at, kind, id)?;
    if record.archived_at.is_none() {
        let now = state.now(at.environment);
        record.archived_at = Some(now);
        record.updated_at = now;
        state.update_record(&record)?;
        events::of_record(state, at, &record, CurrencyChange::Archived)?;
    }
    Ok(answer(record))
}

pub(super) fn unarchive(
    state: &mut dyn State,
    at: Place<'_>,
    kind: RecordKind,
    id: &str,
) -> Result<Answer, Failure> {
    let mut record = find(state, at, kind, id)?;
    if record.archived_at.is_none() {
        // Decision 79: an older one with this identifier cannot come back beside the live one.
        if kind.archiving_frees_id() && state.has_archived(at.environment, kind, id)? {
            return Err(duplicate(kind, id).into());
        }
        return Ok(answer(record));
    }
    check_room(state, at.environment, kind)?;
    record.archived_at = None;
    record.updated_at = state.now(at.environment);
    state.update_record(&record)?;
    events::of_record(state, at, &record, CurrencyChange::Unarchived)?;
    Ok(answer(record))
}

/// Makes the customers that are new and merges into those that are not: all or none.
pub(super) fn import(
    state: &mut dyn State,
    at: Place<'_>,
    customers: &[NewRecord],
) -> Result<Answer, Failure> {
    let mut seen = HashMap::new();
    for (index, customer) in customers.iter().enumerate() {
        let first = seen.entry(customer.id.as_str()).or_insert(&customer.body);
        if *first != &customer.body {
            let refusal = duplicate(RecordKind::Customer, &customer.id);
            return Err(OrderRefusal { index: Some(index), refusal }.into());
        }
    }
    let mut new_ids = Vec::new();
    for customer in customers {
        match state.record(at.environment, customer.kind, &customer.id)? {
            Some(mut record) => merge(state, at, &mut record, &customer.body)?,
            None => {
                let mut body = customer.body.clone();
                body.retain(|_, value| !value.is_null());
                insert(state, at, customer.kind, &customer.id, body)?;
                new_ids.push(customer.id.clone());
            }
        }
    }
    Ok(Answer::Imported(new_ids))
}

/// Removes records that nobody may ask for any more. Those that are not there are removed already.
pub(super) fn forget(
    state: &mut dyn State,
    at: Place<'_>,
    kind: RecordKind,
    ids: &[String],
) -> Result<Answer, Failure> {
    for id in ids {
        if let Some(record) = state.record(at.environment, kind, id)? {
            state.remove_record(&record)?;
        }
    }
    Ok(Answer::Done)
}

/// The first grant or consumption of a resource's wallet makes the resource (decisions 4 and 75).
pub(super) fn ensure_resource(
    state: &mut dyn State,
    at: Place<'_>,
    wallet: &WalletKey,
) -> Result<(), Failure> {
    let Some(resource) = &wallet.resource else { return Ok(()) };
    let id = resource_record_id(&wallet.customer, resource);
    if state.record(at.environment, RecordKind::Resource, &id)?.is_some() {
        return Ok(());
    }
    let body = Map::from_iter([
        ("customerId".to_owned(), Value::from(wallet.customer.as_str())),
        ("resourceId".to_owned(), Value::from(resource.as_str())),
    ]);
    insert(state, at, RecordKind::Resource, &id, body).map(drop)
}

/// How the customer and the currency of a grant or a consumption stand; one that does not exist or
/// a customer that is archived is refused.
pub(super) fn standings(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
    currency: &CurrencyId,
) -> Result<(Standing, Standing), Failure> {
    let customer_standing = match customer_standing(state, at, customer)? {
        // Made only once nothing else can refuse: see `ensure_customer`.
        None if state.settings().auto_create_customers => Some(Standing::NEW),
        found => found,
    };
    let standings = both(state, at, (customer, customer_standing), currency)?;
    refuse_archived(customer, standings.0)?;
    Ok(standings)
}

/// How the customer and the currency of a request stand that makes no customer.
pub(super) fn known_standings(
    state: &mut dyn State,
    at: Place<'_>,
    wallet: &WalletKey,
) -> Result<(Standing, Standing), Failure> {
    let customer_standing = customer_standing(state, at, &wallet.customer)?;
    both(state, at, (&wallet.customer, customer_standing), &wallet.currency)
}

/// Refuses what an archived customer may no longer ask for (decision 48).
pub(super) fn refuse_archived(customer: &CustomerId, standing: Standing) -> Result<(), Refusal> {
    if standing.is_archived {
        return Err(Refusal::archived(Entity::Customer, customer));
    }
    Ok(())
}

fn customer_standing(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
) -> Result<Option<Standing>, StoreError> {
    state.standing(at.environment, RecordKind::Customer, customer.as_str())
}

fn both(
    state: &mut dyn State,
    at: Place<'_>,
    (customer, customer_standing): (&CustomerId, Option<Standing>),
    currency: &CurrencyId,
) -> Result<(Standing, Standing), Failure> {
    let customer_standing =
        customer_standing.ok_or_else(|| Refusal::not_found(Entity::Customer, customer))?;
    let currency_standing = state
        .standing(at.environment, RecordKind::CustomCurrency, currency.as_str())?
        .ok_or_else(|| Refusal::not_found(Entity::CustomCurrency, currency))?;
    Ok((customer_standing, currency_standing))
}

/// Makes the bare customer of a first grant or consumption, where that is wanted (decision 3).
pub(super) fn ensure_customer(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
) -> Result<(), Failure> {
    let id = customer.as_str();
    if state.settings().auto_create_customers
        && state.standing(at.environment, RecordKind::Customer, id)?.is_none()
    {
        insert(state, at, RecordKind::Customer, id, Map::new())?;
    }
    Ok(())
}

pub(super) fn insert(
    state: &mut dyn State,
    at: Place<'_>,
    kind: RecordKind,
    id: &str,
    body: Map<String, Value>,
) -> Result<Record, Failure> {
    let now = state.now(at.environment);
    let mut record = Record {
        ordinal: 0,
        environment: at.environment,
        kind,
        id: id.to_owned(),
        created_at: now,
        updated_at: now,
        archived_at: None,
        body,
    };
    state.insert_record(&mut record)?;
    Ok(record)
}

pub(super) fn merge(
    state: &mut dyn State,
    at: Place<'_>,
    record: &mut Record,
    members: &Map<String, Value>,
) -> Result<(), Failure> {
    record.merge(members);
    record.updated_at = state.now(at.environment).max(record.updated_at);
    Ok(state.update_record(record)?)
}

pub(super) fn find(
    state: &mut dyn State,
    at: Place<'_>,
    kind: RecordKind,
    id: &str,
) -> Result<Record, Failure> {
    let found = state.record(at.environment, kind, id)?;
    match (found, entity(kind)) {
        (Some(record), _) => Ok(record),
        (None, Some(entity)) => Err(Refusal::not_found(entity, id).into()),
        (None, None) => Err(StoreError::Corrupt(format!("records: no {kind:?} {id}")).into()),
    }
}

/// Endpoints of an environment: each has a task and a connection of its own.
const ENDPOINTS_MAX: usize = 50;

/// Refuses a record of a kind of which there are as many as there may be.
pub(super) fn check_room(
    state: &mut dyn State,
    environment: EnvironmentId,
    kind: RecordKind,
) -> Result<(), Failure> {
    let (limit, refusal) = match kind {
        RecordKind::Account => {
            let limit = ACCOUNTS_MAX;
            (limit, Refusal::TooMany { what: "accounts", limit })
        }
        RecordKind::Environment => {
            let limit = ENVIRONMENTS_MAX;
            (limit, Refusal::TooMany { what: "environments", limit })
        }
        RecordKind::CustomCurrency => {
            let limit = state.settings().custom_currencies_max;
            (limit, Refusal::TooManyCustomCurrencies { limit })
        }
        RecordKind::WebhookEndpoint => {
            let limit = ENDPOINTS_MAX;
            (limit, Refusal::TooMany { what: "webhook endpoints of an environment", limit })
        }
        RecordKind::Person => {
            let limit = PEOPLE_MAX;
            (limit, Refusal::TooMany { what: "people", limit })
        }
        RecordKind::ApiKey => {
            let limit = API_KEYS_MAX;
            (limit, Refusal::TooMany { what: "API keys of all environments", limit })
        }
        _ => return Ok(()),
    };
    if state.count_live(environment, kind)? >= limit {
        return Err(refusal.into());
    }
    Ok(())
}

fn duplicate(kind: RecordKind, id: &str) -> Refusal {
    let entity = entity(kind).unwrap_or(Entity::Customer);
    Refusal::Duplicate { entity, id: id.to_owned() }
}

/// What the API calls a record of this kind, if it speaks of it.
const fn entity(kind: RecordKind) -> Option<Entity> {
    match kind {
        RecordKind::Customer => Some(Entity::Customer),
        RecordKind::CustomCurrency => Some(Entity::CustomCurrency),
        RecordKind::RecurringGrant => Some(Entity::RecurringGrant),
        RecordKind::WebhookEndpoint => Some(Entity::WebhookEndpoint),
        RecordKind::WebhookDelivery => Some(Entity::WebhookDelivery),
        RecordKind::Account => Some(Entity::Account),
        RecordKind::Environment => Some(Entity::Environment),
        RecordKind::RetiredEnvironment
        | RecordKind::Resource
        | RecordKind::WebhookProgress
        | RecordKind::EventMarks
        | RecordKind::PaymentProvider
        | RecordKind::Collection
        | RecordKind::Anchor
        | RecordKind::AnchorHeads
        | RecordKind::Erasure
        | RecordKind::AuditEntry
        | RecordKind::ClosedMonth => None,
        RecordKind::Invoice => Some(Entity::Invoice),
        RecordKind::ApiKey => Some(Entity::ApiKey),
        RecordKind::Person => Some(Entity::Person),
        RecordKind::Session => Some(Entity::Session),
        RecordKind::SignInLink => Some(Entity::SignInLink),
    }
}

pub(super) fn answer(record: Record) -> Answer {
    Answer::Record(Box::new(record))
}
