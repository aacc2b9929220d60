//! API keys: who may ask for what, until when, and by which secrets. What is stored of a secret is its
//! SHA-256; the secret itself is known to whoever was shown it (decision record 27).

mod holder;
mod permissions;

use scrip_core::{EnvironmentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::hex::{from_hex, to_hex};
use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

pub use holder::{KeyHolder, KeyRefusal, LastUse};
pub use permissions::{Permissions, Scope};

/// Secrets of a key that are good at a time.
pub(crate) const SECRETS_MAX: usize = 5;

/// API keys of a store that are not revoked: the nodes of a database read all of them again and again.
pub(crate) const API_KEYS_MAX: usize = 200;

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public identifier, for rows, logs and the API; the record's own is the hexadecimal SHA-256 of
    /// its first secret.
    pub id: String,
    /// Whom it speaks for.
    pub kind: KeyKind,
    /// The environment that is intrinsic to it.
    pub environment: EnvironmentId,
    /// The number that the environment had first, where it was reset since.
    pub home: Option<EnvironmentId>,
    /// The environment was archived: the key speaks for nobody.
    pub environment_archived: bool,
    /// Whether the environment has a test clock.
    pub sandbox: bool,
    /// What people call it; keys that the server made for itself have none.
    pub name: Option<String>,
    /// What it may.
    pub permissions: Permissions,
    /// When it ends, by real time.
    pub expires_at: Option<Timestamp>,
    /// Newest first, at least one.
    pub secrets: Vec<KeySecret>,
    /// When it was used last, as far as that was written: hours late.
    pub last_used_at: Option<Timestamp>,
    /// The key that made it.
    pub created_by: Option<String>,
}

/// Whom a key speaks for. What this release does not know speaks for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyKind {
    /// A server of the account's owner.
    Server,
}

impl KeyKind {
    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "SERVER",
        }
    }
}

/// One of a key's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySecret {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// Its last characters, by which its owner knows it again; none of a secret that was brought.
    pub hint: Option<String>,
    /// When it stops being good, once another one replaced it.
    pub ends_at: Option<Timestamp>,
}

/// A change of an API key.
#[derive(Clone, Debug)]
pub struct ApiKeyChange {
    /// The identifier of its record.
    pub record_id: String,
    /// What is done.
    pub deed: ApiKeyDeed,
}

/// What is done to an API key. What is revoked stays so, and as it is.
#[derive(Clone, Debug)]
pub enum ApiKeyDeed {
    /// What is given replaces what was.
    Edit {
        /// What people call it.
        name: Option<String>,
        /// What it may.
        permissions: Option<Permissions>,
        /// When it ends, if it does.
        expires_at: Option<Option<Timestamp>>,
    },
    /// It gets a new secret; those before it are good for so long still, or until they end anyway.
    Rotate {
        /// Good from now on.
        secret: KeySecret,
        /// For how long those before it go on.
        overlap_milliseconds: i64,
    },
    /// It speaks for nobody any more.
    Revoke,
    /// It was used, at an instant of real time.
    NoteUse(Timestamp),
}

/// The SHA-256 of a secret.
#[must_use]
pub fn secret_hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// What is stored of a key. What an older release understands rightly keeps the form that it reads;
/// anything else has no member `sandbox`, without which a key speaks for nobody there.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    key_id: String,
    environment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    environment_archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_sandbox: Option<bool>,
    /// Absent in keys of the first form, which may everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<KeyKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_milliseconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Vec<KeptSecret>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at_milliseconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptSecret {
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at_milliseconds: Option<i64>,
}

impl ApiKey {
    /// The member of their records by which keys are listed: an environment's number, as text.
    pub const ENVIRONMENT: &'static str = "environment";
    /// The member that says which number the environment had first.
    pub(crate) const HOME: &'static str = "home";
    /// The member that says that the environment was archived.
    pub(crate) const ENVIRONMENT_ARCHIVED: &'static str = "environmentArchived";

    /// A key of a server, of an environment and its type and with this secret, which may everything.
    #[must_use]
    pub fn full(environment: EnvironmentId, sandbox: bool, secret: KeySecret) -> Self {
        Self {
            id: format!("key_{}", to_hex(&secret.hash).get(..12).unwrap_or_default()),
            kind: KeyKind::Server,
            environment,
            home: None,
            environment_archived: false,
            sandbox,
            name: None,
            permissions: Permissions::Full,
            expires_at: None,
            secrets: vec![secret],
            last_used_at: None,
            created_by: None,
        }
    }

    /// The key that a record is; none for another record, and for one that this release cannot be sure
    /// of.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::ApiKey {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        let permissions = match (kept.kind, &kept.scopes) {
            (None, None) => Permissions::Full,
            (Some(KeyKind::Server), Some(names)) => Permissions::of_stored(names),
            _ => return None,
        };
        let secrets = match kept.secrets {
            Some(secrets) => secrets.into_iter().map(KeptSecret::read).collect::<Option<_>>()?,
            None => vec![KeySecret { hash: from_hex(&record.id)?, hint: None, ends_at: None }],
        };
        Some(Self {
            id: kept.key_id,
            kind: kept.kind.unwrap_or(KeyKind::Server),
            environment: EnvironmentId(kept.environment.parse().ok()?),
            home: kept.home.and_then(|text| text.parse().ok()).map(EnvironmentId),
            environment_archived: kept.environment_archived,
            sandbox: kept.is_sandbox.or(kept.sandbox)?,
            name: kept.name,
            permissions,
            expires_at: instant(kept.expires_at_milliseconds)?,
            secrets,
            last_used_at: instant(kept.last_used_at_milliseconds)?,
            created_by: kept.created_by,
        })
    }

    /// The environment of a key that is to be made; none for another record.
    pub(crate) fn environment_of(new: &NewRecord) -> Option<EnvironmentId> {
        let text = new.body.get(Self::ENVIRONMENT).and_then(Value::as_str);
        let text = text.filter(|_| new.kind == RecordKind::ApiKey)?;
        text.parse().ok().map(EnvironmentId)
    }

    /// The record to be made of a new key.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let id = self.secrets.first().map(|secret| to_hex(&secret.hash)).unwrap_or_default();
        let body = self.body(&id);
        NewRecord { kind: RecordKind::ApiKey, id, body }
    }

    /// The members of its record, which is called `record_id`.
    pub(crate) fn body(&self, record_id: &str) -> Map<String, Value> {
        let is_made_with = |secret: &KeySecret| to_hex(&secret.hash) == record_id;
        let has_one_secret = matches!(self.secrets.as_slice(), [one] if is_made_with(one));
        let is_understood = self.permissions == Permissions::Full
            && self.expires_at.is_none()
            && !self.environment_archived
            && has_one_secret;
        let is_plain = is_understood
            && self.name.is_none()
            && self.secrets.iter().all(|secret| secret.hint.is_none());
        let secret = |secret: &KeySecret| KeptSecret {
            hash: to_hex(&secret.hash),
            hint: secret.hint.clone(),
            ends_at_milliseconds: secret.ends_at.map(Timestamp::milliseconds),
        };
        body_of(&Kept {
            key_id: self.id.clone(),
            environment: self.environment.0.to_string(),
            home: self.home.map(|home| home.0.to_string()),
            environment_archived: self.environment_archived,
            sandbox: is_understood.then_some(self.sandbox),
            is_sandbox: (!is_understood).then_some(self.sandbox),
            kind: (!is_plain).then_some(self.kind),
            scopes: (!is_plain)
                .then(|| self.permissions.names().into_iter().map(str::to_owned).collect()),
            name: self.name.clone(),
            expires_at_milliseconds: self.expires_at.map(Timestamp::milliseconds),
            secrets: (!is_plain).then(|| self.secrets.iter().map(secret).collect()),
            last_used_at_milliseconds: self.last_used_at.map(Timestamp::milliseconds),
            created_by: self.created_by.clone(),
        })
    }

    /// Whether it has ended at an instant of real time.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl KeySecret {
    /// Of a secret that somebody brought.
    #[must_use]
    pub fn brought(secret: &str) -> Self {
        Self { hash: secret_hash(secret.as_bytes()), hint: None, ends_at: None }
    }
}

impl KeptSecret {
    fn read(self) -> Option<KeySecret> {
        let hash = from_hex(&self.hash)?;
        Some(KeySecret { hash, hint: self.hint, ends_at: instant(self.ends_at_milliseconds)? })
    }
}

/// None is an instant that is none: of a key's end, nothing else may be made.
fn instant(milliseconds: Option<i64>) -> Option<Option<Timestamp>> {
    milliseconds.map(Timestamp::from_milliseconds).transpose().ok()
}

#[cfg(test)]
mod tests;
