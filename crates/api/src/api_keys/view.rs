//! A key as the API shows it.

use scrip_core::Timestamp;
use scrip_ledger::{Answer, ApiKey, KeyKind, Record};
use serde_json::json;

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::lookup;
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, data, described, instant, nullable, open, reference, required,
};

/// `{"data": key}` of an order's answer.
pub(super) fn answered(answer: &Answer, now: Timestamp) -> Result<Vec<u8>, ApiError> {
    let (record, key) = read(answer)?;
    Ok(of(record, &key, now))
}

/// The same with the secret that was made for it, or null where it was shown before.
pub(super) fn with_secret(
    answer: &Answer,
    now: Timestamp,
    secret: Option<&str>,
) -> Result<Vec<u8>, ApiError> {
    let (record, key) = read(answer)?;
    let secret = Some(secret);
    Ok(document(Numbers::AsNumbers, |writer| write(writer, record, &key, now, secret)))
}

/// `{"data": key}`.
pub(super) fn of(record: &Record, key: &ApiKey, now: Timestamp) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, record, key, now, None))
}

fn read(answer: &Answer) -> Result<(&Record, ApiKey), ApiError> {
    lookup::answered(answer, "an API key", ApiKey::of)
}

/// The key with every member; its secret only for whoever asked for a new one.
pub(super) fn write(
    writer: &mut Writer,
    record: &Record,
    key: &ApiKey,
    now: Timestamp,
    secret: Option<Option<&str>>,
) {
    writer.object(|members| {
        members.text("id", &key.id);
        members.text_or_null("name", key.name.as_deref());
        members.plain("kind", key.kind.as_str());
        members.array("scopes", &key.permissions.names(), |writer, name| writer.text(name));
        members.plain("status", status(record, key, now));
        let hint = key.secrets.first().and_then(|secret| secret.hint.as_deref());
        members.text_or_null("secretHint", hint);
        let ends = key.secrets.iter().filter_map(|secret| secret.ends_at);
        let overlap_ends = ends.filter(|end| *end > now).max();
        members.instant_or_null("previousSecretEndsAt", overlap_ends);
        members.instant_or_null("expiresAt", key.expires_at);
        members.instant_or_null("lastUsedAt", key.last_used_at);
        members.text_or_null("createdBy", key.created_by.as_deref());
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        members.instant_or_null("revokedAt", record.archived_at);
        if let Some(secret) = secret {
            members.text_or_null("secret", secret);
        }
    });
}

fn status(record: &Record, key: &ApiKey, now: Timestamp) -> &'static str {
    if record.archived_at.is_some() {
        "REVOKED"
    } else if key.has_expired(now) {
        "EXPIRED"
    } else {
        "ACTIVE"
    }
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        let late = "As far as it was written: up to an hour late, never while a request waits";
        let creator = "The key or the person that made it, or its environment; null of one that the \
                       server was started with or made itself";
        let hint = "The last characters of its newest secret; null of one that was brought";
        vec![
            required("id", described(schema::text(), "What rows and logs call it")),
            required("name", nullable(schema::text())),
            required("kind", choice([KeyKind::Server.as_str()])),
            required("scopes", json!({"type": "array", "items": {"type": "string"}})),
            required("status", choice(["ACTIVE", "EXPIRED", "REVOKED"])),
            required("secretHint", described(nullable(schema::text()), hint)),
            required(
                "previousSecretEndsAt",
                described(nullable(instant()), "Until then a secret before the newest is good"),
            ),
            required("expiresAt", nullable(instant())),
            required("lastUsedAt", described(nullable(instant()), late)),
            required("createdBy", described(nullable(schema::text()), creator)),
            required("createdAt", instant()),
            required("updatedAt", instant()),
            required("revokedAt", nullable(instant())),
        ]
    };
    let mut with_secret = members();
    let secret = "Goes into `X-API-KEY`; null where it was shown before";
    with_secret.push(required("secret", described(nullable(schema::text()), secret)));
    vec![
        ("ApiKey", open(members())),
        ("ApiKeyWithSecret", open(with_secret)),
        ("ApiKeyResponse", data(reference("ApiKey"))),
        ("ApiKeyWithSecretResponse", data(reference("ApiKeyWithSecret"))),
        ("ApiKeyList", schema::page("ApiKey")),
    ]
}
