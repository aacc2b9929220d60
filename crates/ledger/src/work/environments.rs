//! Accounts and environments. Whoever changes one works alone, over all of the store's environments.

use scrip_core::{Entity, EnvironmentId, Refusal};
use serde_json::Value;

use super::{CLOCK_MEMBER, Failure, Place, State, StoreError, records};
use crate::environment::RESERVED_NAMES;
use crate::{
    Account, Answer, ApiKey, Environment, EnvironmentChange, NewEnvironment, Record, RecordKind,
    SYSTEM,
};

/// Does it, and answers the account or the environment as it is then.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    change: &EnvironmentChange,
) -> Result<Answer, Failure> {
    let record = match change {
        EnvironmentChange::CreateAccount(account, first) => {
            create_account(state, at, account, first)?
        }
        EnvironmentChange::ArchiveAccount(id) => archive_account(state, at, id)?,
        EnvironmentChange::Create(new) => create(state, at, new)?,
        EnvironmentChange::Archive(number) => {
            let record = existing(state, *number)?;
            check_not_last(state, &record)?;
            archive(state, record)?
        }
        EnvironmentChange::Reset(number) => reset(state, at, *number)?,
    };
    Ok(records::answer(record))
}

/// Refuses what is to be made in an environment that has ended, or has another number by now.
pub(super) fn check_live(state: &mut dyn State, number: EnvironmentId) -> Result<(), Failure> {
    let record = existing(state, number)?;
    match record.archived_at {
        None => Ok(()),
        Some(_) => Err(Refusal::archived(Entity::Environment, name_of(&record)).into()),
    }
}

/// What is refused is refused before anything of it is there.
fn create_account(
    state: &mut dyn State,
    at: Place<'_>,
    account: &Account,
    first: &NewEnvironment,
) -> Result<Record, Failure> {
    if state.record(SYSTEM, RecordKind::Account, &account.id)?.is_some() {
        let id = account.id.clone();
        return Err(Refusal::Duplicate { entity: Entity::Account, id }.into());
    }
    records::check_room(state, SYSTEM, RecordKind::Account)?;
    let number = free_number(state, first)?;
    let new = account.record();
    records::insert(state, at, new.kind, &new.id, new.body)?;
    insert(state, at, first, number)
}

fn create(state: &mut dyn State, at: Place<'_>, new: &NewEnvironment) -> Result<Record, Failure> {
    let account = state.record(SYSTEM, RecordKind::Account, &new.account)?;
    let account = account.ok_or_else(|| Refusal::not_found(Entity::Account, &new.account))?;
    if account.archived_at.is_some() {
        return Err(Refusal::archived(Entity::Account, &account.id).into());
    }
    let number = free_number(state, new)?;
    insert(state, at, new, number)
}

/// The number of an environment that is to be made, if its name is free and there is room for it.
fn free_number(state: &mut dyn State, new: &NewEnvironment) -> Result<EnvironmentId, Failure> {
    if RESERVED_NAMES.contains(&new.id.as_str()) {
        let id = new.id.as_str().to_owned();
        return Err(Refusal::NameReserved { entity: Entity::Environment, id }.into());
    }
    let known = state.all_records(SYSTEM, RecordKind::Environment)?;
    if known.iter().any(|record| name_of(record) == new.id.as_str()) {
        let id = new.id.as_str().to_owned();
        return Err(Refusal::Duplicate { entity: Entity::Environment, id }.into());
    }
    records::check_room(state, SYSTEM, RecordKind::Environment)?;
    records::check_room(state, SYSTEM, RecordKind::ApiKey)?;
    Ok(next_number(&known)?)
}

/// Makes an environment under a number, and its first key.
fn insert(
    state: &mut dyn State,
    at: Place<'_>,
    new: &NewEnvironment,
    number: EnvironmentId,
) -> Result<Record, Failure> {
    let record = Environment::record(new, number);
    let record = records::insert(state, at, record.kind, &record.id, record.body)?;
    let is_sandbox = new.environment_type == crate::EnvironmentType::Sandbox;
    let key = ApiKey {
        name: Some(new.key_name.clone()),
        created_by: new.created_by.clone(),
        ..ApiKey::full(number, is_sandbox, new.key_secret.clone())
    };
    let key = key.record();
    records::insert(state, at, key.kind, &key.id, key.body)?;
    Ok(record)
}

fn archive_account(state: &mut dyn State, at: Place<'_>, id: &str) -> Result<Record, Failure> {
    let found = state.record(SYSTEM, RecordKind::Account, id)?;
    let mut account = found.ok_or_else(|| Refusal::not_found(Entity::Account, id))?;
    for record in state.all_records(SYSTEM, RecordKind::Environment)? {
        if Environment::of(&record).is_some_and(|environment| environment.account == id) {
            archive(state, record)?;
        }
    }
    if account.archived_at.is_none() {
        let now = state.now(at.environment);
        account.archived_at = Some(now);
        account.updated_at = now;
        state.update_record(&account)?;
    }
    Ok(account)
}

/// An account that is not archived keeps an environment, whoever archives others at once.
fn check_not_last(state: &mut dyn State, record: &Record) -> Result<(), Failure> {
    if record.archived_at.is_some() {
        return Ok(());
    }
    let account = Environment::of(record).map(|environment| environment.account);
    let all = state.all_records(SYSTEM, RecordKind::Environment)?;
    let mut others = all.iter().filter(|it| it.id != record.id).filter_map(Environment::of);
    if others.any(|it| it.archived_at.is_none() && Some(&it.account) == account.as_ref()) {
        return Ok(());
    }
    Err(Refusal::LastEnvironment.into())
}

/// Ends an environment. Its clock stands from then on, so nothing falls due in it any more.
fn archive(state: &mut dyn State, mut record: Record) -> Result<Record, Failure> {
    if record.archived_at.is_some() {
        return Ok(record);
    }
    let number = number_of(&record)?;
    let (now, clock) = (state.real_now(), state.now(number));
    record.archived_at = Some(now);
    record.updated_at = now.max(record.updated_at);
    record.body.insert(CLOCK_MEMBER.to_owned(), clock.milliseconds().into());
    state.update_record(&record)?;
    state.set_clock(number, clock);
    change_keys(state, number, |body| {
        // Without this member an older release lets nobody in by a key.
        if let Some(sandbox) = body.remove("sandbox") {
            body.insert("isSandbox".to_owned(), sandbox);
        }
        body.insert(ApiKey::ENVIRONMENT_ARCHIVED.to_owned(), true.into());
    })?;
    Ok(record)
}

/// Gives a SANDBOX the next number, with its name and its keys; nobody gets the one that it had.
fn reset(state: &mut dyn State, at: Place<'_>, number: EnvironmentId) -> Result<Record, Failure> {
    let mut record = existing(state, number)?;
    let read = Environment::of(&record);
    let environment =
        read.ok_or_else(|| StoreError::Corrupt(format!("environment {}", number.0)))?;
    if record.archived_at.is_some() {
        return Err(Refusal::archived(Entity::Environment, &environment.id).into());
    }
    if !environment.is_sandbox() {
        return Err(Refusal::ResetForbidden.into());
    }
    let successor = next_number(&state.all_records(SYSTEM, RecordKind::Environment)?)?;
    let (now, clock) = (state.real_now(), state.now(number));
    record.body.insert(CLOCK_MEMBER.to_owned(), clock.milliseconds().into());
    state.remove_record(&record)?;
    let retired = Environment::retired(&record, successor);
    records::insert(state, at, retired.kind, &retired.id, retired.body)?;
    // Time stands still in what is left behind: nothing of it falls due any more.
    state.set_clock(number, clock);
    let body = environment.reset_body(now);
    let id = successor.0.to_string();
    let record = records::insert(state, at, RecordKind::Environment, &id, body)?;
    change_keys(state, number, |body| {
        body.insert(ApiKey::ENVIRONMENT.to_owned(), id.as_str().into());
        body.insert(ApiKey::HOME.to_owned(), environment.home.0.to_string().into());
    })?;
    Ok(record)
}

/// Changes every key of an environment, revoked ones and those that this release does not know too.
fn change_keys(
    state: &mut dyn State,
    number: EnvironmentId,
    change: impl Fn(&mut serde_json::Map<String, Value>),
) -> Result<(), Failure> {
    let (number, now) = (number.0.to_string(), state.real_now());
    for mut key in state.all_records(SYSTEM, RecordKind::ApiKey)? {
        if key.text(ApiKey::ENVIRONMENT) == Some(number.as_str()) {
            change(&mut key.body);
            // Whoever sees two states of it knows which is the newer one.
            key.updated_at = now.max(key.updated_at.later(1));
            state.update_record(&key)?;
        }
    }
    Ok(())
}

/// Archived or not.
fn existing(state: &mut dyn State, number: EnvironmentId) -> Result<Record, Failure> {
    let id = number.0.to_string();
    let found = state.record(SYSTEM, RecordKind::Environment, &id)?;
    Ok(found.ok_or_else(|| Refusal::not_found(Entity::Environment, &id))?)
}

/// Behind all that were ever given: whoever is reset gets a number above his own, so the highest of all
/// is always somebody's.
fn next_number(known: &[Record]) -> Result<EnvironmentId, StoreError> {
    let mut highest = SYSTEM.0;
    for record in known {
        highest = highest.max(number_of(record)?.0);
    }
    let full = || StoreError::Failed("there are no more numbers for environments".to_owned());
    highest.checked_add(1).map(EnvironmentId).ok_or_else(full)
}

fn number_of(record: &Record) -> Result<EnvironmentId, StoreError> {
    let wrong = || StoreError::Corrupt(format!("records: environment {:?}", record.id));
    record.id.parse().map(EnvironmentId).map_err(|_| wrong())
}

fn name_of(record: &Record) -> &str {
    record.text("name").unwrap_or(&record.id)
}
