//! Links by which somebody signs in for the first time: they work once, and not for long.

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Email, Person};
use crate::hex::{from_hex, to_hex};
use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLink {
    /// The SHA-256 of its token, by which its record is called.
    pub token_hash: [u8; 32],
    /// What it is for.
    pub purpose: LinkPurpose,
    /// When its time is over, by real time.
    pub expires_at: Timestamp,
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Makes the first owner of an account that has none.
    FirstOwner {
        /// The account.
        account: String,
    },
    /// Gives somebody a password who is known already.
    Password {
        /// The account that gave it, which must be the only one of the person's: it leads nowhere else.
        account: String,
        /// Who, by the address.
        email: Email,
        /// The person's generation: what changed since ends the link. Filled in when it is stored.
        generation: u32,
        /// Who, by the public identifier: somebody else who has the address later is not meant.
        person_id: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    expires_at_milliseconds: i64,
}

impl SignInLink {
    /// The link that a record is; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::SignInLink {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        let purpose = match (kept.account, kept.email, kept.generation, kept.person_id) {
            (Some(account), None, None, None) => LinkPurpose::FirstOwner { account },
            (Some(account), Some(email), Some(generation), Some(person_id)) => {
                let email = Email::parse(&email).ok()?;
                LinkPurpose::Password { account, email, generation, person_id }
            }
            // One that does not say whose it is could lead anywhere.
            _ => return None,
        };
        Some(Self {
            token_hash: from_hex(&record.id)?,
            purpose,
            expires_at: Timestamp::from_milliseconds(kept.expires_at_milliseconds).ok()?,
        })
    }

    /// Whether it gives this person, as they are now, a password. Where another account has given them a
    /// place meanwhile, a link of this one would lead there.
    #[must_use]
    pub fn is_for(&self, person: &Person) -> bool {
        match &self.purpose {
            LinkPurpose::FirstOwner { .. } => false,
            LinkPurpose::Password { account, email, generation, person_id } => {
                person.email == *email
                    && person.generation == *generation
                    && person.id == *person_id
                    && person.is_only_in(account)
            }
        }
    }

    /// The record to be made of a new link.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let expires_at_milliseconds = self.expires_at.milliseconds();
        let body = body_of(&match &self.purpose {
            LinkPurpose::FirstOwner { account } => Kept {
                account: Some(account.clone()),
                email: None,
                person_id: None,
                generation: None,
                expires_at_milliseconds,
            },
            LinkPurpose::Password { account, email, generation, person_id } => Kept {
                account: Some(account.clone()),
                email: Some(email.as_str().to_owned()),
                person_id: Some(person_id.clone()),
                generation: Some(*generation),
                expires_at_milliseconds,
            },
        });
        NewRecord { kind: RecordKind::SignInLink, id: to_hex(&self.token_hash), body }
    }
}
