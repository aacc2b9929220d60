//! An environment as the API shows it.

use scrip_ledger::{Answer, Environment, EnvironmentType};
use serde_json::json;

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, document};
use crate::lookup;
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, data, described, instant, nullable, open, reference, required,
};

/// The first key of an environment that was made.
#[derive(Clone, Copy)]
pub(crate) struct FirstKey<'a> {
    /// What rows and logs call it.
    pub id: &'a str,
    /// None where it was shown before.
    pub secret: Option<&'a str>,
}

/// `{"data": environment}` of an order's answer.
pub(super) fn answered(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let environment = read(answer)?;
    Ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| write(members, &environment));
    }))
}

/// The same with its first key.
pub(super) fn with_key(answer: &Answer, key: FirstKey<'_>) -> Result<Vec<u8>, ApiError> {
    let environment = read(answer)?;
    Ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            write(members, &environment);
            write_key(members, key);
        });
    }))
}

/// The environment of an order's answer.
pub(crate) fn read(answer: &Answer) -> Result<Environment, ApiError> {
    let (_, environment) = lookup::answered(answer, "an environment", Environment::of)?;
    Ok(environment)
}

/// Every member of it.
pub(crate) fn write(members: &mut Members<'_>, environment: &Environment) {
    members.text("id", &environment.id);
    members.text("displayName", &environment.display_name);
    members.plain("type", environment.environment_type.as_str());
    members.text("accountId", &environment.account);
    members.plain("status", if environment.archived_at.is_some() { "ARCHIVED" } else { "ACTIVE" });
    members.plain("createdAt", environment.made_at);
    members.plain("updatedAt", environment.updated_at);
    members.instant_or_null("resetAt", environment.reset_at);
    members.instant_or_null("archivedAt", environment.archived_at);
}

/// The member that shows the first key.
pub(crate) fn write_key(members: &mut Members<'_>, key: FirstKey<'_>) {
    members.object("apiKey", |members| {
        members.text("id", key.id);
        members.text_or_null("secret", key.secret);
    });
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        vec![
            required("id", described(schema::text(), "What headers and paths call it")),
            required("displayName", schema::text()),
            required("type", choice(EnvironmentType::NAMES.map(|(name, _)| name))),
            required("accountId", described(schema::text(), "Whose it is")),
            required("status", choice(["ACTIVE", "ARCHIVED"])),
            required("createdAt", instant()),
            required("updatedAt", instant()),
            required("resetAt", described(nullable(instant()), "When it was reset last")),
            required("archivedAt", nullable(instant())),
        ]
    };
    let mut with_key = members();
    with_key.push(required("apiKey", reference("FirstApiKey")));
    let secret = "Goes into `X-API-KEY`; null where it was shown before";
    let key = open([
        required("id", schema::text()),
        required("secret", described(nullable(schema::text()), secret)),
    ]);
    vec![
        ("Environment", open(members())),
        ("EnvironmentWithKey", open(with_key)),
        ("FirstApiKey", key),
        ("EnvironmentResponse", data(reference("Environment"))),
        ("EnvironmentWithKeyResponse", data(reference("EnvironmentWithKey"))),
        ("EnvironmentList", data(json!({"type": "array", "items": reference("Environment")}))),
    ]
}
