//! Finds people and their sessions, as they are now.

use super::{Email, Identity, Person, Session};
use crate::hex::to_hex;
use crate::{
    CreatedRange, Ledger, LedgerError, PageRequest, Record, RecordKind, RecordQuery, SYSTEM, Start,
    secret_hash,
};

/// A session that stands, and whose it is.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The session.
    pub session: Session,
    /// Whose it is, as they are now.
    pub person: Person,
}

/// The live person of an address.
pub async fn person_of(ledger: &dyn Ledger, email: &Email) -> Result<Option<Person>, LedgerError> {
    let found = ledger.record(SYSTEM, RecordKind::Person, email.as_str()).await?;
    Ok(found.filter(|record| record.archived_at.is_none()).as_ref().and_then(Person::of))
}

/// The person of a public identifier, removed or not, with the record.
pub async fn person_by_id(
    ledger: &dyn Ledger,
    id: &str,
) -> Result<Option<(Record, Person)>, LedgerError> {
    let found = first(ledger, RecordKind::Person, (Person::ID, id), None, 1).await?;
    Ok(found.into_iter().find_map(|record| Person::of(&record).map(|person| (record, person))))
}

/// The live person who is somebody elsewhere.
pub async fn person_by_identity(
    ledger: &dyn Ledger,
    identity: &Identity,
) -> Result<Option<Person>, LedgerError> {
    let key = identity.key();
    let matching = (Person::IDENTITY, key.as_str());
    let found = first(ledger, RecordKind::Person, matching, Some(false), 1).await?;
    let person = found.first().and_then(Person::of);
    Ok(person.filter(|person| person.identity.as_ref() == Some(identity)))
}

/// The session of a token, if it stands.
pub async fn session_of(ledger: &dyn Ledger, token: &str) -> Result<Option<Visit>, LedgerError> {
    let id = to_hex(&secret_hash(token.as_bytes()));
    let record = ledger.record(SYSTEM, RecordKind::Session, &id).await?;
    let live = record.filter(|record| record.archived_at.is_none());
    let Some(session) = live.as_ref().and_then(Session::of) else { return Ok(None) };
    let person = person_of(ledger, &session.email).await?;
    let now = ledger.now(SYSTEM);
    let good = person.filter(|person| session.is_good(person, now));
    Ok(good.map(|person| Visit { session, person }))
}

/// Sessions of a person, newest first: those that stand, and those that are over and can be forgotten.
pub async fn sessions_of(
    ledger: &dyn Ledger,
    person: &Person,
) -> Result<(Vec<Session>, Vec<Record>), LedgerError> {
    let matching = (Session::PERSON, person.id.as_str());
    let all = first(ledger, RecordKind::Session, matching, None, LISTED).await?;
    let now = ledger.now(SYSTEM);
    let (mut good, mut over) = (Vec::new(), Vec::new());
    for record in all {
        let session = Session::of(&record)
            .filter(|session| record.archived_at.is_none() && session.is_good(person, now));
        match session {
            Some(session) => good.push(session),
            None => over.push(record),
        }
    }
    Ok((good, over))
}

/// Sessions of a person that are looked through: a sign-in leaves fewer.
const LISTED: usize = 100;

async fn first(
    ledger: &dyn Ledger,
    kind: RecordKind,
    (member, value): (&'static str, &str),
    archived: Option<bool>,
    limit: usize,
) -> Result<Vec<Record>, LedgerError> {
    let query = RecordQuery {
        environment: SYSTEM,
        kind,
        matching: vec![(member, value.to_owned())],
        created: CreatedRange::default(),
        archived,
        page: PageRequest { start: Start::Newest, limit },
    };
    Ok(ledger.records(query).await?.items.into_iter().map(|(_, record)| record).collect())
}
