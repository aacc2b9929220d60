//! Tokens as the API shows them.

use std::sync::Arc;

use scrip_core::CurrencyId;
use scrip_ledger::{Answer, Record};
use serde_json::json;

use super::access::{CustomerAccess, Part};
use super::token::PortalToken;
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, boolean, choice, data, described, instant, integer, nullable, open, reference, required,
};

/// `{"data": token}`, with the token itself, if it is shown.
pub(super) fn made(token: &PortalToken, text: Option<&str>) -> Vec<u8> {
    let path = text.map(|text| format!("/portal?token={text}"));
    document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            members.text_or_null("token", text);
            members.text_or_null("path", path.as_deref());
            write(members, token);
        });
    })
}

/// `{"data": customer}` whose tokens ended.
pub(super) fn ended(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    let Answer::Record(record) = answer else {
        let text = "the ledger answered the end of a customer's tokens with something else";
        return Err(ApiError::internal(text));
    };
    Ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            members.text("customerId", &record.id);
            members.plain("endedAt", record.updated_at);
        });
    }))
}

/// `{"data": token}` of whoever asks with it.
pub(super) fn own(
    access: &CustomerAccess,
    customer: &Record,
    currencies: &[(CurrencyId, Option<Arc<Record>>)],
    is_sandbox: bool,
) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            write(members, access.token());
            members.text_or_null("customerName", customer.text("name"));
            members.flag("isSandbox", is_sandbox);
            members.array("currencies", currencies, |writer, (id, record)| {
                writer.object(|members| write_currency(members, id, record.as_deref()));
            });
            members.object("theme", |members| access.theme().write(members));
        });
    })
}

fn write(members: &mut Members<'_>, token: &PortalToken) {
    members.text("customerId", token.customer.as_str());
    members.array("scopes", &token.parts, |writer, part| writer.text(part.as_str()));
    members.plain("expiresAt", token.expires_at);
}

/// No more of it than amounts need: the rest is not for customers.
fn write_currency(members: &mut Members<'_>, id: &CurrencyId, record: Option<&Record>) {
    let name = record.and_then(|record| record.text("displayName"));
    members.text("id", id.as_str());
    members.text("displayName", name.unwrap_or(id.as_str()));
    match record.and_then(|record| record.body.get("units")) {
        Some(units) => members.value("units", |writer| writer.json(units)),
        None => members.null("units"),
    }
    members.instant_or_null("createdAt", record.map(|record| record.created_at));
    members.instant_or_null("archivedAt", record.and_then(|record| record.archived_at));
}

pub(super) fn components() -> Vec<Component> {
    let scopes = || json!({"type": "array", "items": choice(Part::ALL.map(Part::as_str))});
    let members = || {
        vec![
            required("customerId", schema::text()),
            required("scopes", described(scopes(), "What it opens")),
            required("expiresAt", described(instant(), "By real time")),
        ]
    };
    let token = "For whoever looks: in the address of the page, or in `X-CUSTOMER-TOKEN`; null where it \
                 was shown before";
    let path = "Where the page is, on this server; null where it was shown before";
    let mut made = vec![
        required("token", described(nullable(schema::text()), token)),
        required("path", described(nullable(schema::text()), path)),
    ];
    made.extend(members());
    let mut own = members();
    let units = open([required("singular", schema::text()), required("plural", schema::text())]);
    let currency = open([
        required("id", schema::text()),
        required("displayName", schema::text()),
        required("units", json!({"oneOf": [units, {"type": "null"}]})),
        required("createdAt", nullable(instant())),
        required("archivedAt", nullable(instant())),
    ]);
    let text_or_null = || nullable(schema::text());
    let theme = open([
        required("accentColor", text_or_null()),
        required("backgroundColor", text_or_null()),
        required("textColor", text_or_null()),
        required("cornerRadiusPixels", nullable(integer(0, i64::from(u8::MAX)))),
        required("colorScheme", text_or_null()),
    ]);
    own.extend([
        required("customerName", text_or_null()),
        required("isSandbox", boolean()),
        required("currencies", json!({"type": "array", "items": currency})),
        required("theme", theme),
    ]);
    let ended = open([required("customerId", schema::text()), required("endedAt", instant())]);
    vec![
        ("PortalToken", open(made)),
        ("OwnPortalToken", open(own)),
        ("PortalTokenResponse", data(reference("PortalToken"))),
        ("OwnPortalTokenResponse", data(reference("OwnPortalToken"))),
        ("EndedPortalTokensResponse", data(ended)),
    ]
}
