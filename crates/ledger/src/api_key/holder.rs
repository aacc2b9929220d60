//! Who asks, as every request looks it up in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use scrip_core::{Actor, CustomerId, EnvironmentId, Timestamp};

use super::{ApiKey, Permissions};
use crate::{Record, Role};

/// Who one secret of an API key speaks for; or a person or a customer, whom somebody in this process let
/// in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The public identifier of the key, or of the person, for rows and logs.
    pub key_id: Box<str>,
    /// The identifier of the record of the key, or of the person.
    pub record_id: Box<str>,
    /// The environment that is intrinsic to the key, or that the person looks at.
    pub environment: EnvironmentId,
    /// The number that the environment had first; a reset gives it another one.
    pub home: EnvironmentId,
    /// Whether the environment has a test clock.
    pub sandbox: bool,
    /// What it may.
    pub permissions: Permissions,
    /// When it was used last, by any of its secrets.
    pub last_use: Arc<LastUse>,
    expires_at: Option<Timestamp>,
    /// When the secret ends that was replaced.
    secret_ends_at: Option<Timestamp>,
    /// Why it speaks for nobody, whatever the time.
    ended: Option<KeyRefusal>,
    kind: HolderKind,
    /// The change of the record that it is of.
    pub(crate) updated_at: Timestamp,
}

/// What it is that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HolderKind {
    Key,
    Person,
    /// It writes nothing, so no row names it.
    Customer,
}

/// Why a key speaks for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// No key has this secret.
    #[error("the API key is not known")]
    Unknown,
    /// It was revoked.
    #[error("the API key was revoked")]
    Revoked,
    /// The environment that it belongs to was archived.
    #[error("the environment of the API key is archived")]
    EnvironmentArchived,
    /// Its time is over.
    #[error("the API key has expired")]
    Expired,
    /// It has another secret now.
    #[error("the API key has a new secret, and the time of this one is over")]
    Replaced,
}

impl KeyHolder {
    /// A person who was let in, in an environment of an account, with the role there.
    #[must_use]
    pub fn of_person(
        person_id: &str,
        environment: EnvironmentId,
        sandbox: bool,
        role: Role,
    ) -> Self {
        let who = (HolderKind::Person, person_id, role.permissions());
        Self::let_in(who, environment, sandbox)
    }

    /// A customer, who was let in by a token to what is their own. It holds no scope: what a token opens
    /// is said beside it, and nothing else is allowed.
    #[must_use]
    pub fn of_customer(customer: &CustomerId, environment: EnvironmentId, sandbox: bool) -> Self {
        let who = (HolderKind::Customer, customer.as_str(), Permissions::of([]));
        Self::let_in(who, environment, sandbox)
    }

    /// Somebody whom this process let in, who has no record of a key.
    fn let_in(
        (kind, id, permissions): (HolderKind, &str, Permissions),
        environment: EnvironmentId,
        sandbox: bool,
    ) -> Self {
        Self {
            key_id: id.into(),
            record_id: id.into(),
            environment,
            home: environment,
            sandbox,
            permissions,
            last_use: Arc::default(),
            expires_at: None,
            secret_ends_at: None,
            ended: None,
            kind,
            updated_at: Timestamp::NEVER,
        }
    }

    /// The same, in an environment that had another number first.
    #[must_use]
    pub fn at_home(self, home: EnvironmentId) -> Self {
        Self { home, ..self }
    }

    /// Whether it is a person, and no key.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self.kind, HolderKind::Person)
    }

    /// Whether it is a customer, who sees what is their own.
    #[must_use]
    pub const fn is_customer(&self) -> bool {
        matches!(self.kind, HolderKind::Customer)
    }

    /// Who it is, for rows and records.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let id = self.key_id.clone();
        if self.is_person() { Actor::Person(id) } else { Actor::ApiKey(id) }
    }

    /// Whom the secrets of a key's record speak for; nothing for another record.
    pub(crate) fn all_of(record: &Record) -> Vec<([u8; 32], Self)> {
        let Some(key) = ApiKey::of(record) else { return Vec::new() };
        let last_use = Arc::default();
        let archived = key.environment_archived.then_some(KeyRefusal::EnvironmentArchived);
        let holder = Self {
            key_id: key.id.as_str().into(),
            record_id: record.id.as_str().into(),
            environment: key.environment,
            home: key.home.unwrap_or(key.environment),
            sandbox: key.sandbox,
            permissions: key.permissions,
            last_use,
            expires_at: key.expires_at,
            secret_ends_at: None,
            ended: record.archived_at.map(|_| KeyRefusal::Revoked).or(archived),
            kind: HolderKind::Key,
            updated_at: record.updated_at,
        };
        let of_secret = |secret: &super::KeySecret| {
            (secret.hash, Self { secret_ends_at: secret.ends_at, ..holder.clone() })
        };
        key.secrets.iter().map(of_secret).collect()
    }

    /// Whether it speaks for anybody, in the order of what its owner has to know first. The time is
    /// asked for only where something ends.
    pub(crate) fn check(&self, now: impl Fn() -> Timestamp) -> Result<(), KeyRefusal> {
        let has_passed = |end: Option<Timestamp>| end.is_some_and(|end| end <= now());
        if let Some(refusal) = self.ended {
            return Err(refusal);
        }
        if has_passed(self.expires_at) {
            return Err(KeyRefusal::Expired);
        }
        if has_passed(self.secret_ends_at) {
            return Err(KeyRefusal::Replaced);
        }
        Ok(())
    }
}

/// When a key was used last, as far as that is worth writing down; it is no part of what a key is.
#[derive(Default)]
pub struct LastUse(AtomicU32);

impl LastUse {
    /// Notes a use, at so many seconds since any moment that is more than `every` in the past; whether
    /// it is the first in about so many seconds. Of several at once one is told so.
    #[must_use]
    pub fn note(&self, seconds: u32, every: u32) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        if last != 0 && seconds.saturating_sub(last) < every {
            return false;
        }
        self.0.compare_exchange(last, seconds, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl std::fmt::Debug for LastUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LastUse")
    }
}

impl PartialEq for LastUse {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LastUse {}
