//! Changes of people, and what their links do: decided on what is stored, so that of two at once none is
//! lost, none is used twice, and an account keeps an owner.

use scrip_core::{Entity, Refusal};
use serde_json::{Map, Value};

use super::links_over;
use super::{Failure, Place, State, records};
use crate::person::{MEMBERSHIPS_MAX, OWNERS_MEMBER};
use crate::{
    Answer, Email, LinkPurpose, LinkUse, Membership, Person, PersonChange, PersonDeed, Record,
    RecordKind, Role, SignInLink,
};

/// Changes a person as they are.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    change: &PersonChange,
) -> Result<Answer, Failure> {
    let answer = carry_out(state, at, change)?;
    let added = match &change.deed {
        PersonDeed::Invite { link, .. } => link.as_ref(),
        PersonDeed::Link { link, .. } => Some(link),
        _ => None,
    };
    links_over::forget(state, Some(&answer), added)?;
    Ok(answer)
}

fn carry_out(
    state: &mut dyn State,
    at: Place<'_>,
    PersonChange { email, deed }: &PersonChange,
) -> Result<Answer, Failure> {
    if let PersonDeed::Invite { person_id, display_name, account, role, link } = deed {
        let new = Newcomer { email, person_id, display_name, account, role: *role };
        return invite(state, at, new, link.as_ref());
    }
    let (record, mut person) = live(state, at, email)?;
    let before = person.clone();
    let not_in = |account: &str| Refusal::not_found(Entity::Person, account);
    match deed {
        PersonDeed::Invite { .. } => {}
        PersonDeed::SetRole { account, role } => {
            membership(&mut person, account).ok_or_else(|| not_in(email.as_str()))?.role = *role;
        }
        PersonDeed::SetDisabled { account, is_disabled } => {
            membership(&mut person, account).ok_or_else(|| not_in(email.as_str()))?.is_disabled =
                *is_disabled;
        }
        PersonDeed::Leave { account } => {
            person.membership(account).ok_or_else(|| not_in(email.as_str()))?;
            person.memberships.retain(|it| it.account != *account);
        }
        PersonDeed::Rename(name) => person.display_name.clone_from(name),
        PersonDeed::SetPassword(hash) => {
            person.password_hash = Some(hash.clone());
            person.generation = person.generation.saturating_add(1);
        }
        PersonDeed::Identify(identity) => {
            if person.identity.is_some() && person.identity.as_ref() != Some(identity) {
                return Err(Refusal::PersonIsAnother.into());
            }
            person.identity = Some(identity.clone());
        }
        PersonDeed::EndSessions => person.generation = person.generation.saturating_add(1),
        PersonDeed::Link { account, link } => {
            person.membership(account).ok_or_else(|| not_in(email.as_str()))?;
            if !person.is_only_in(account) {
                return Err(Refusal::PersonElsewhere.into());
            }
            add_link(state, at, &person, account, link)?;
        }
    }
    store(state, at, record, &before, &person)
}

/// Somebody who is to belong to an account.
struct Newcomer<'a> {
    email: &'a Email,
    person_id: &'a str,
    display_name: &'a str,
    account: &'a str,
    role: Role,
}

fn invite(
    state: &mut dyn State,
    at: Place<'_>,
    new: Newcomer<'_>,
    link: Option<&SignInLink>,
) -> Result<Answer, Failure> {
    let mut place =
        Membership { account: new.account.to_owned(), role: new.role, is_disabled: false };
    let found = state.record(at.environment, RecordKind::Person, new.email.as_str())?;
    let known = found.filter(|record| record.archived_at.is_none());
    let Some(record) = known else {
        records::check_room(state, at.environment, RecordKind::Person)?;
        let person = Person {
            id: new.person_id.to_owned(),
            email: new.email.clone(),
            display_name: new.display_name.to_owned(),
            password_hash: None,
            identity: None,
            memberships: vec![place],
            generation: 0,
        };
        let record = add(state, at, &person)?;
        if let Some(link) = link {
            add_link(state, at, &person, new.account, link)?;
        }
        return Ok(records::answer(record));
    };
    let before = read(&record)?;
    if before.membership(new.account).is_some() {
        let id = new.email.as_str().to_owned();
        return Err(Refusal::Duplicate { entity: Entity::Person, id }.into());
    }
    if before.memberships.len() >= MEMBERSHIPS_MAX {
        let what = "accounts of a person";
        return Err(Refusal::TooMany { what, limit: MEMBERSHIPS_MAX }.into());
    }
    // Whoever knows a password may have it by a link of another account, which is not to decide who
    // comes into this one: whoever invites says so once more, for the person as they are.
    place.is_disabled = before.password_hash.is_some();
    let mut person = before.clone();
    person.memberships.push(place);
    store(state, at, record, &before, &person)
}

/// Uses a link: once, in time, and only if nothing has become of it meanwhile.
pub(super) fn use_link(
    state: &mut dyn State,
    at: Place<'_>,
    used: &LinkUse,
) -> Result<Answer, Failure> {
    let (answer, link) = carry_out_use(state, at, used)?;
    state.remove_record(&link)?;
    links_over::forget(state, Some(&answer), None)?;
    Ok(answer)
}

/// The person as they are then, and the link, which is over.
fn carry_out_use(
    state: &mut dyn State,
    at: Place<'_>,
    used: &LinkUse,
) -> Result<(Answer, Record), Failure> {
    let id = crate::hex::to_hex(&used.token_hash);
    let found = state.record(at.environment, RecordKind::SignInLink, &id)?;
    let live = found.filter(|record| record.archived_at.is_none());
    let read = live.and_then(|record| SignInLink::of(&record).map(|link| (record, link)));
    let (mut record, link) = read.ok_or(Refusal::LinkOver)?;
    let now = state.real_now();
    if link.expires_at <= now {
        return Err(Refusal::LinkOver.into());
    }
    record.archived_at = Some(now);
    match (&link.purpose, &used.newcomer) {
        (LinkPurpose::FirstOwner { account }, Some((email, person_id))) => {
            let owners = owners(&account_record(state, at, account)?);
            let known = state.record(at.environment, RecordKind::Person, email.as_str())?;
            if !owners.is_empty() || known.is_some_and(|record| record.archived_at.is_none()) {
                return Err(Refusal::LinkOver.into());
            }
            state.update_record(&record)?;
            let place =
                Membership { account: account.clone(), role: Role::Owner, is_disabled: false };
            let person = Person {
                id: person_id.clone(),
                email: email.clone(),
                display_name: used.display_name.clone(),
                password_hash: Some(used.password_hash.clone()),
                identity: None,
                memberships: vec![place],
                generation: 0,
            };
            let person = add(state, at, &person)?;
            Ok((records::answer(person), record))
        }
        (LinkPurpose::Password { email, .. }, None) => {
            let (of_person, before) = live_person(state, at, email)?.ok_or(Refusal::LinkOver)?;
            if !link.is_for(&before) {
                return Err(Refusal::LinkOver.into());
            }
            state.update_record(&record)?;
            let person = Person {
                display_name: used.display_name.clone(),
                password_hash: Some(used.password_hash.clone()),
                generation: before.generation.saturating_add(1),
                ..before.clone()
            };
            Ok((store(state, at, of_person, &before, &person)?, record))
        }
        (LinkPurpose::FirstOwner { .. }, None) | (LinkPurpose::Password { .. }, Some(_)) => {
            Err(Refusal::LinkOver.into())
        }
    }
}

/// Stores a new person: in place of somebody who was removed and had the address, for the identifier of a
/// record is given once.
fn add(state: &mut dyn State, at: Place<'_>, person: &Person) -> Result<Record, Failure> {
    note_owner(state, at, None, person)?;
    let new = person.record();
    let Some(mut record) = state.record(at.environment, new.kind, &new.id)? else {
        return records::insert(state, at, new.kind, &new.id, new.body);
    };
    record.archived_at = None;
    record.body = new.body;
    record.updated_at = state.real_now().max(record.updated_at.later(1));
    state.update_record(&record)?;
    Ok(record)
}

/// Stores a link of a person as they are, which an account gives.
fn add_link(
    state: &mut dyn State,
    at: Place<'_>,
    person: &Person,
    account: &str,
    link: &SignInLink,
) -> Result<(), Failure> {
    let purpose = LinkPurpose::Password {
        account: account.to_owned(),
        email: person.email.clone(),
        generation: person.generation,
        person_id: person.id.clone(),
    };
    let new = SignInLink { purpose, ..link.clone() }.record();
    records::insert(state, at, new.kind, &new.id, new.body).map(drop)
}

/// Stores a person who was changed; whoever belongs nowhere any more is removed.
fn store(
    state: &mut dyn State,
    at: Place<'_>,
    mut record: Record,
    before: &Person,
    person: &Person,
) -> Result<Answer, Failure> {
    if before == person {
        return Ok(records::answer(record));
    }
    note_owner(state, at, Some(before), person)?;
    let now = state.real_now();
    if person.memberships.is_empty() && !before.memberships.is_empty() {
        record.archived_at = Some(now);
    }
    record.body = person.body();
    record.updated_at = now.max(record.updated_at.later(1));
    state.update_record(&record)?;
    Ok(records::answer(record))
}

/// Keeps the list of owners of every account whose owner somebody becomes or stops being. The last one
/// stays.
fn note_owner(
    state: &mut dyn State,
    at: Place<'_>,
    before: Option<&Person>,
    person: &Person,
) -> Result<(), Failure> {
    let is_owner = |person: &Person, account: &str| person.role_in(account) == Some(Role::Owner);
    let all = before.into_iter().flat_map(|before| &before.memberships).chain(&person.memberships);
    let mut accounts: Vec<&str> = all.map(|it| it.account.as_str()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        let was = before.is_some_and(|before| is_owner(before, account));
        let is = is_owner(person, account);
        if was == is && before.is_some_and(|before| before.membership(account).is_some()) {
            continue;
        }
        let mut record = account_record(state, at, account)?;
        if was == is {
            // The account is there: nobody belongs to one that is not.
            continue;
        }
        let mut owners = owners(&record);
        owners.retain(|id| *id != person.id);
        if is {
            owners.push(person.id.clone());
        }
        if owners.is_empty() {
            return Err(Refusal::LastOwner.into());
        }
        let members = Map::from_iter([(OWNERS_MEMBER.to_owned(), Value::from(owners))]);
        records::merge(state, at, &mut record, &members)?;
    }
    Ok(())
}

fn owners(account: &Record) -> Vec<String> {
    let listed = account.body.get(OWNERS_MEMBER).and_then(Value::as_array);
    let ids = listed.into_iter().flatten().filter_map(Value::as_str);
    ids.map(str::to_owned).collect()
}

fn account_record(state: &mut dyn State, at: Place<'_>, id: &str) -> Result<Record, Failure> {
    let found = state.record(at.environment, RecordKind::Account, id)?;
    Ok(found.ok_or_else(|| Refusal::not_found(Entity::Account, id))?)
}

fn membership<'p>(person: &'p mut Person, account: &str) -> Option<&'p mut Membership> {
    person.memberships.iter_mut().find(|it| it.account == account)
}

fn live(state: &mut dyn State, at: Place<'_>, email: &Email) -> Result<(Record, Person), Failure> {
    let found = live_person(state, at, email)?;
    Ok(found.ok_or_else(|| Refusal::not_found(Entity::Person, email))?)
}

fn live_person(
    state: &mut dyn State,
    at: Place<'_>,
    email: &Email,
) -> Result<Option<(Record, Person)>, Failure> {
    let found = state.record(at.environment, RecordKind::Person, email.as_str())?;
    match found.filter(|record| record.archived_at.is_none()) {
        Some(record) => read(&record).map(|person| Some((record, person))),
        None => Ok(None),
    }
}

/// A person whom a later release stored in another form is not changed by this one.
fn read(record: &Record) -> Result<Person, Failure> {
    let unreadable = || super::StoreError::Failed("a person's record cannot be read".to_owned());
    Ok(Person::of(record).ok_or_else(unreadable)?)
}
