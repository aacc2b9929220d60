//! `GET /api/v1/audit-log`: what was done, newest first.

use scrip_ledger::{AuditEntry, CreatedRange, Permissions, RecordKind, RecordQuery, SYSTEM};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::{choice, text};
use crate::people::account;
use crate::{fields, paging};

/// What of is listed: what belongs to the environment, or the people of its account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Environment,
    People,
}

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let words = [("environment", Of::Environment), ("people", Of::People)];
    let of = query.one("of")?.map(|word| fields::choice("of", word, &words)).transpose()?;
    let of = of.unwrap_or(Of::Environment);
    if of == Of::People && call.caller().permissions != Permissions::Full {
        let message = "of=people is for full keys and owners only";
        return Err(ApiError::forbidden("AccessDeniedError", message));
    }
    let mut scope = paging::scope(&call, "audit-log");
    let mut matching = Vec::new();
    for member in [AuditEntry::ACTOR, AuditEntry::TARGET, AuditEntry::CUSTOMER] {
        let wanted = query.one(member)?;
        scope = scope.filter(member, wanted);
        matching.extend(wanted.map(|value| (member, value.to_owned())));
    }
    let environment = match of {
        Of::Environment => call.environment(),
        Of::People => {
            let account = account(&call).await?;
            scope = scope.filter(AuditEntry::ACCOUNT, Some(&account));
            matching.push((AuditEntry::ACCOUNT, account));
            SYSTEM
        }
    };
    let page = paging::page(query, &scope)?;
    let query = RecordQuery {
        environment,
        kind: RecordKind::AuditEntry,
        matching,
        created: CreatedRange::default(),
        archived: None,
        page,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(
        call.numbers(),
        &page,
        &scope,
        |writer, record| match AuditEntry::of(record) {
            Some(entry) => view::write(writer, &record.id, &entry),
            None => writer.null(),
        },
    )))
}

pub(super) fn operation() -> Operation {
    Operation::new("listAuditLog", TAG, "List the audit log")
        .text(
            "For full keys and admins. Everything that people did in the environment, and what API \
             keys did to what is managed: keys, currencies, webhooks, the payment provider, the test \
             clock. What keys did with credits is in the ledger, whose rows name them.",
        )
        .query("of", choice(["environment", "people"]), "The people of the account, for owners")
        .query(AuditEntry::ACTOR, text(), "Only what they did: `person:…` or `key:…`")
        .query(AuditEntry::TARGET, text(), "Only what was done to this: `custom-currency/credits`")
        .query(AuditEntry::CUSTOMER, text(), "Only what is about this customer")
        .paged()
        .answers(200, "A page of entries, newest first", "AuditLogList")
}
