//! An account as the API shows it.

use scrip_core::Timestamp;
use scrip_ledger::{Account, Record};
use serde_json::json;

use crate::environments::view as environment_view;
use crate::environments::view::FirstKey;
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, data, described, instant, nullable, open, reference, required,
};

/// Every member of one.
pub(super) fn write(members: &mut Members<'_>, record: &Record, account: &Account) {
    let times = (record.created_at, record.updated_at, record.archived_at);
    write_members(members, account, times);
}

/// `{"data": account}` of an account that was made in the same instant as its environment, with it and
/// its first key.
pub(super) fn created(
    answer: &scrip_ledger::Answer,
    account: &Account,
    key: FirstKey<'_>,
) -> Result<Vec<u8>, ApiError> {
    let environment = environment_view::read(answer)?;
    Ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            write_members(members, account, (environment.made_at, environment.made_at, None));
            members.object("environment", |members| {
                environment_view::write(members, &environment);
                environment_view::write_key(members, key);
            });
        });
    }))
}

fn write_members(
    members: &mut Members<'_>,
    account: &Account,
    (created_at, updated_at, archived_at): (Timestamp, Timestamp, Option<Timestamp>),
) {
    members.text("id", &account.id);
    members.text("displayName", &account.display_name);
    members.plain("status", if archived_at.is_some() { "ARCHIVED" } else { "ACTIVE" });
    members.plain("createdAt", created_at);
    members.plain("updatedAt", updated_at);
    members.instant_or_null("archivedAt", archived_at);
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        vec![
            required("id", described(schema::text(), "What headers call it")),
            required("displayName", schema::text()),
            required("status", choice(["ACTIVE", "ARCHIVED"])),
            required("createdAt", instant()),
            required("updatedAt", instant()),
            required("archivedAt", nullable(instant())),
        ]
    };
    let mut created = members();
    created.push(required("environment", reference("EnvironmentWithKey")));
    vec![
        ("Account", open(members())),
        ("CreatedAccount", open(created)),
        ("AccountResponse", data(reference("Account"))),
        ("CreatedAccountResponse", data(reference("CreatedAccount"))),
        ("AccountList", data(json!({"type": "array", "items": reference("Account")}))),
    ]
}
