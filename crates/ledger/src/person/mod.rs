//! People: who signs in, and what they may in which account (decision record 28).
//!
//! A person is a record of the system, called by the e-mail address, which is therefore unique. What rows and
//! logs name is the public identifier, which says nothing of anybody. Of a password, and of whatever else
//! proves who somebody is, only a hash is stored.

mod change;
mod email;
mod finding;
mod role;
mod session;
mod sign_in_link;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

pub use change::{LinkUse, PersonChange, PersonDeed};
pub use email::{Email, InvalidEmail};
pub use finding::{Visit, person_by_id, person_by_identity, person_of, session_of, sessions_of};
pub use role::Role;
pub use session::{SESSION_IDLE_SECONDS, SESSION_SECONDS, SESSIONS_MAX, Session};
pub use sign_in_link::{LinkPurpose, SignInLink};

/// People of a store who were not removed.
pub(crate) const PEOPLE_MAX: usize = 1_000;

/// Accounts that a person belongs to.
pub(crate) const MEMBERSHIPS_MAX: usize = 100;

/// Links of a person that work at a time: the oldest go.
pub(crate) const SIGN_IN_LINKS_MAX: usize = 5;

/// The member of an account's record that names its owners, by their public identifiers: those who can
/// sign in, or will. It is kept with every change of a person, so that the last one is known.
pub(crate) const OWNERS_MEMBER: &str = "owners";

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The public identifier, for rows, logs and the API.
    pub id: String,
    /// The address, by which the record is called; it never changes.
    pub email: Email,
    /// What people call them.
    pub display_name: String,
    /// The hash of the password, in the form of PHC strings; none of somebody who has none.
    pub password_hash: Option<PasswordHash>,
    /// Who they are elsewhere.
    pub identity: Option<Identity>,
    /// Accounts that they belong to, each once.
    pub memberships: Vec<Membership>,
    /// Sessions and links of an earlier generation are over.
    pub generation: u32,
}

/// A password's hash. It is in no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Who somebody is elsewhere, as an issuer of OpenID Connect says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The issuer's exact name.
    pub issuer: String,
    /// Whom it means.
    pub subject: String,
}

impl Identity {
    /// By what a person is found who is this. Names of issuers have no spaces: they are URLs.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.issuer, self.subject)
    }
}

/// A place in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The account's identifier.
    pub account: String,
    /// What they may there.
    pub role: Role,
    /// They may nothing there, until somebody says otherwise.
    pub is_disabled: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    person_id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<PasswordHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    memberships: Vec<KeptMembership>,
    generation: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptMembership {
    account: String,
    role: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_disabled: bool,
}

impl Person {
    /// The member of their records by which people are found: the public identifier.
    pub const ID: &'static str = "personId";
    /// The member by which people are found who sign in elsewhere.
    pub const IDENTITY: &'static str = "identity";
    /// The member that holds a hash.
    pub(crate) const PASSWORD_HASH: &'static str = "passwordHash";

    /// The person that a record is; none for another record. A role that this release does not know
    /// allows nothing: the membership is as if it were not there.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Person {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        let identity = match (kept.issuer, kept.identity) {
            (Some(issuer), Some(key)) => {
                let subject = key.strip_prefix(&issuer)?.strip_prefix(' ')?.to_owned();
                Some(Identity { issuer, subject })
            }
            _ => None,
        };
        let membership = |kept: KeptMembership| {
            let role = Role::parse(&kept.role)?;
            Some(Membership { account: kept.account, role, is_disabled: kept.is_disabled })
        };
        Some(Self {
            id: kept.person_id,
            email: Email::parse(&record.id).ok()?,
            display_name: kept.display_name,
            password_hash: kept.password_hash,
            identity,
            memberships: kept.memberships.into_iter().filter_map(membership).collect(),
            generation: kept.generation,
        })
    }

    /// The record to be made of a new person.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let (kind, id) = (RecordKind::Person, self.email.as_str().to_owned());
        NewRecord { kind, id, body: self.body() }
    }

    /// The members of the record.
    pub(crate) fn body(&self) -> Map<String, Value> {
        let membership = |it: &Membership| KeptMembership {
            account: it.account.clone(),
            role: it.role.as_str().to_owned(),
            is_disabled: it.is_disabled,
        };
        body_of(&Kept {
            person_id: self.id.clone(),
            display_name: self.display_name.clone(),
            password_hash: self.password_hash.clone(),
            identity: self.identity.as_ref().map(Identity::key),
            issuer: self.identity.as_ref().map(|identity| identity.issuer.clone()),
            memberships: self.memberships.iter().map(membership).collect(),
            generation: self.generation,
        })
    }

    /// The place in an account, disabled or not.
    #[must_use]
    pub fn membership(&self, account: &str) -> Option<&Membership> {
        self.memberships.iter().find(|it| it.account == account)
    }

    /// What they may in an account, if anything.
    #[must_use]
    pub fn role_in(&self, account: &str) -> Option<Role> {
        self.membership(account).filter(|it| !it.is_disabled).map(|it| it.role)
    }

    /// They were invited, and have no way to sign in yet.
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        self.password_hash.is_none() && self.identity.is_none()
    }

    /// Whether an account alone decides about them: whoever belongs to others too is given no link by
    /// it, for with that link one could go there.
    #[must_use]
    pub fn is_only_in(&self, account: &str) -> bool {
        self.memberships.iter().all(|it| it.account == account)
    }
}

#[cfg(test)]
mod tests;
