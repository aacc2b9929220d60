//! Sessions: somebody who has signed in, and until when.

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Email, Person};
use crate::hex::to_hex;
use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

/// How long a session lasts, whatever is done in it.
pub const SESSION_SECONDS: i64 = 24 * 60 * 60;
/// How long it lasts while nothing is done in it.
pub const SESSION_IDLE_SECONDS: i64 = 2 * 60 * 60;
/// Sessions of a person at a time: the oldest go.
pub const SESSIONS_MAX: usize = 20;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of its token, by which its record is called.
    pub token_hash: [u8; 32],
    /// Whose it is, by the address.
    pub email: Email,
    /// Whose it is, by the public identifier.
    pub person_id: String,
    /// The person's generation when it began.
    pub generation: u32,
    /// When it began.
    pub began_at: Timestamp,
    /// When something was done in it last, as far as that was written: some minutes late.
    pub seen_at: Timestamp,
    /// By what they signed in.
    pub by: String,
    /// The browser, as it called itself.
    pub user_agent: String,
    /// Where the request came from.
    pub address: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    email: String,
    person_id: String,
    generation: u32,
    began_at_milliseconds: i64,
    seen_at_milliseconds: i64,
    by: String,
    user_agent: String,
    address: String,
}

impl Session {
    /// The member of their records by which a person's sessions are listed.
    pub const PERSON: &'static str = Person::ID;

    /// The session that a record is; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Session {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        Some(Self {
            token_hash: crate::hex::from_hex(&record.id)?,
            email: Email::parse(&kept.email).ok()?,
            person_id: kept.person_id,
            generation: kept.generation,
            began_at: Timestamp::from_milliseconds(kept.began_at_milliseconds).ok()?,
            seen_at: Timestamp::from_milliseconds(kept.seen_at_milliseconds).ok()?,
            by: kept.by,
            user_agent: kept.user_agent,
            address: kept.address,
        })
    }

    /// The record to be made of a new session.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let body = body_of(&Kept {
            email: self.email.as_str().to_owned(),
            person_id: self.person_id.clone(),
            generation: self.generation,
            began_at_milliseconds: self.began_at.milliseconds(),
            seen_at_milliseconds: self.seen_at.milliseconds(),
            by: self.by.clone(),
            user_agent: self.user_agent.clone(),
            address: self.address.clone(),
        });
        NewRecord { kind: RecordKind::Session, id: to_hex(&self.token_hash), body }
    }

    /// The members that change when something is done in it.
    #[must_use]
    pub fn seen(at: Timestamp) -> Map<String, Value> {
        Map::from_iter([("seenAtMilliseconds".to_owned(), at.milliseconds().into())])
    }

    /// The identifier of its record.
    #[must_use]
    pub fn record_id(&self) -> String {
        to_hex(&self.token_hash)
    }

    /// What people call it: nothing by which anybody could use it.
    #[must_use]
    pub fn public_id(&self) -> String {
        format!("session_{}", self.record_id().get(..16).unwrap_or_default())
    }

    /// When it ends by itself if nothing is done in it any more.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.seen_at.later(SESSION_IDLE_SECONDS * 1_000);
        idle.min(self.began_at.later(SESSION_SECONDS * 1_000))
    }

    /// Whether it stands at an instant of real time, as a session of this person as it is. A clock that
    /// was set back gives it no more time than it has.
    #[must_use]
    pub fn is_good(&self, person: &Person, now: Timestamp) -> bool {
        self.person_id == person.id
            && self.email == person.email
            && self.generation == person.generation
            && self.began_at <= now.later(60_000)
            && now < self.ends_at()
    }
}
