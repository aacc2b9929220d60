//! The audit log: who did what, to what, and what it was before and after (decision record 28).
//!
//! An entry is a record of its own, written in the same commit as what it tells of. Everything that a person
//! does is in it. Of what API keys do, what they manage: keys, people, currencies, webhooks, the payment provider, the
//! test clock; what they do with credits has its rows in the ledger, each with its actor.

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::hex::to_hex;
use crate::record::body_of;
use crate::{ApiKey, NewRecord, Person, Record, RecordKind};

/// Members by which entries are listed.
pub(crate) const KEYS: &[&str] =
    &[AuditEntry::ACTOR, AuditEntry::TARGET, AuditEntry::CUSTOMER, AuditEntry::ACCOUNT];

/// Somebody did something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Who: `person:…` or `key:…`.
    pub actor: String,
    /// What was done, as [`crate::Work`] calls it.
    pub operation: String,
    /// To what: a kind and an identifier, with a slash between them.
    pub target: String,
    /// The customer whom it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The account whose people it is about, if it is about people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What changed, that which it was about first.
    pub changes: Vec<AuditChange>,
    /// The request that it belongs to, in all logs.
    pub trace_id: String,
    /// When, by real time, in milliseconds since 1970.
    pub at_milliseconds: i64,
}

/// What something was, and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditChange {
    /// What it is: a kind and an identifier, with a slash between them.
    pub target: String,
    /// Members that changed, as they were; null of what was not there.
    pub before: Option<Map<String, Value>>,
    /// The same members as they are; null of what is gone.
    pub after: Option<Map<String, Value>>,
}

impl AuditEntry {
    /// The member that says who.
    pub const ACTOR: &'static str = "actor";
    /// The member that says to what.
    pub const TARGET: &'static str = "target";
    /// The member that says about which customer.
    pub const CUSTOMER: &'static str = "customerId";
    /// The member that says whose people.
    pub const ACCOUNT: &'static str = "account";

    /// The entry that a record is; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::AuditEntry {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The record to be made of it.
    #[must_use]
    pub fn record(&self, id: String) -> NewRecord {
        NewRecord { kind: RecordKind::AuditEntry, id, body: body_of(self) }
    }

    /// When, by real time.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        Timestamp::from_milliseconds(self.at_milliseconds).ok()
    }
}

impl AuditChange {
    /// What changed of a record; none where nothing did that may be shown.
    pub(crate) fn of(before: Option<&Record>, after: Option<&Record>) -> Option<Self> {
        let named = after.or(before)?;
        let target = target_of(named);
        let shown_before = before.map(shown);
        let shown_after = after.map(shown);
        Self::between(target, shown_before, shown_after)
    }

    /// What changed between two states; members that are equal are left out.
    pub(crate) fn between(
        target: String,
        before: Option<Map<String, Value>>,
        after: Option<Map<String, Value>>,
    ) -> Option<Self> {
        let (before, after) = match (before, after) {
            (Some(mut before), Some(mut after)) => {
                let same: Vec<String> = before
                    .iter()
                    .filter(|(name, value)| after.get(*name) == Some(*value))
                    .map(|(name, _)| name.clone())
                    .collect();
                for name in same {
                    before.remove(&name);
                    after.remove(&name);
                }
                if before.is_empty() && after.is_empty() {
                    return None;
                }
                (Some(before), Some(after))
            }
            (None, None) => return None,
            either => either,
        };
        Some(Self { target, before, after })
    }
}

/// How the log calls a kind of record.
const fn noun(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Account => "account",
        RecordKind::Environment => "environment",
        RecordKind::RetiredEnvironment => "retired-environment",
        RecordKind::ApiKey => "api-key",
        RecordKind::Customer => "customer",
        RecordKind::CustomCurrency => "custom-currency",
        RecordKind::Resource => "resource",
        RecordKind::RecurringGrant => "recurring-grant",
        RecordKind::WebhookEndpoint => "webhook",
        RecordKind::WebhookDelivery => "webhook-delivery",
        RecordKind::WebhookProgress => "webhook-progress",
        RecordKind::EventMarks => "event-marks",
        RecordKind::Invoice => "invoice",
        RecordKind::PaymentProvider => "payment-provider",
        RecordKind::Collection => "collection",
        RecordKind::Person => "person",
        RecordKind::Session => "session",
        RecordKind::SignInLink => "sign-in-link",
        RecordKind::AuditEntry => "audit-entry",
        RecordKind::ClosedMonth => "closed-month",
        RecordKind::Anchor => "anchor",
        RecordKind::AnchorHeads => "anchor-heads",
        RecordKind::Erasure => "erasure",
    }
}

/// How the log calls a record: never by what is a secret or the hash of one.
pub(crate) fn target_of(record: &Record) -> String {
    let id = match record.kind {
        RecordKind::ApiKey => record.text("keyId").unwrap_or_default(),
        RecordKind::Person => record.text(Person::ID).unwrap_or_default(),
        RecordKind::Session | RecordKind::SignInLink => record.id.get(..16).unwrap_or_default(),
        _ => record.id.as_str(),
    };
    format!("{}/{id}", noun(record.kind))
}

/// What of a record the log shows: everything but what is a secret or the hash of one.
fn shown(record: &Record) -> Map<String, Value> {
    let mut body = record.body.clone();
    for name in record.kind.secret_members() {
        if let Some(secret) = body.get_mut(*name) {
            *secret = Value::from(fingerprint(secret));
        }
    }
    if let Some(at) = record.archived_at {
        body.insert("archivedAt".to_owned(), Value::from(at.to_string()));
    }
    body
}

/// By what it shows that a secret changed, and nothing of it: a few bits of a hash of what is one already,
/// or is random.
fn fingerprint(secret: &Value) -> String {
    let hash = crate::secret_hash(secret.to_string().as_bytes());
    format!("(secret {})", to_hex(hash.get(..3).unwrap_or_default()))
}

/// The environment in whose log a change of the system's records stands, if it is one's.
pub(crate) fn environment_of(record: &Record) -> Option<scrip_core::EnvironmentId> {
    match record.kind {
        RecordKind::ApiKey => ApiKey::of(record).map(|key| key.environment),
        _ => None,
    }
}
