//! `POST /api/v1/customers/{id}/portal-tokens`: lets a customer see what is their own.

use scrip_core::Entity;
use scrip_ledger::{PortalTokenMade, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Part;
use super::theme::{self, Theme};
use super::token::PortalToken;
use super::{TAG, generation_of, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Number, Object, Text, read_body};
use crate::lookup::existing_customer;
use crate::openapi::Operation;
use crate::openapi::schema::{choice, closed, described, integer, nullable, optional, reference};
use crate::refusal;

const TTL_SECONDS_MIN: i64 = 60;
/// An hour: whoever shows the portal makes a token for each visit.
const TTL_SECONDS_MAX: i64 = 60 * 60;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    scopes: Option<Vec<Text<'a>>>,
    ttl_seconds: Option<Number<'a>>,
    theme: Option<Object<theme::Request<'a>>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = match write.body() {
        [] => Request::default(),
        body => read_body(body)?,
    };
    let read = |number: Number<'_>| {
        fields::integer_in("ttlSeconds", number.0.get(), TTL_SECONDS_MIN..=TTL_SECONDS_MAX)
    };
    let ttl_seconds = request.ttl_seconds.map(read).transpose()?.unwrap_or(TTL_SECONDS_MAX);
    let parts = request.scopes.as_deref().map(parts).transpose()?;
    let theme = request.theme.map(|Object(theme)| Theme::of(&theme)).transpose()?;
    let call = write.call();
    let customer = call.path_customer()?;
    let record = existing_customer(call, &customer).await?;
    if record.archived_at.is_some() {
        let archived = scrip_core::Refusal::archived(Entity::Customer, customer.as_str());
        return Err(refusal::of_rules(&archived));
    }
    let parts = parts.unwrap_or_else(|| Part::ALL.to_vec());
    let expires_at = call.ledger().real_now().later(ttl_seconds.saturating_mul(1_000));
    let work = Work::NotePortalToken(Box::new(PortalTokenMade {
        customer: customer.clone(),
        scopes: parts.iter().map(|part| part.as_str().to_owned()).collect(),
        expires_at,
    }));
    let token = PortalToken {
        environment: call.environment(),
        customer,
        generation: generation_of(&record),
        parts,
        expires_at,
        theme: theme.unwrap_or_default(),
    };
    let text = token.seal(call.app().secret());
    let reply = move |text: Option<&str>| Reply::created(view::made(&token, text)).no_store();
    // Programs make one for each visit; of people everything is noted, and done once.
    if !call.caller().is_person() {
        return Ok(reply(Some(&text)));
    }
    write.execute_once_shown_here(work, text.into(), move |_, text| Ok(reply(text))).await
}

/// Each once or several times, at least one.
fn parts(names: &[Text<'_>]) -> Result<Vec<Part>, ApiError> {
    let known = Part::ALL.map(|part| (part.as_str(), part));
    let mut parts = Vec::new();
    for (index, Text(name)) in names.iter().enumerate() {
        let part = fields::choice(&format!("scopes[{index}]"), name, &known)?;
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return Err(ApiError::bad_input("scopes must name at least one scope"));
    }
    Ok(parts)
}

pub(super) fn operation() -> Operation {
    Operation::new("createPortalToken", TAG, "Create a portal token")
        .text(
            "Lets whoever has it see what is this customer's own, and nothing else, for an hour at \
             most: at `path` of this server as a page, which can be framed, and by the API in the header \
             `X-CUSTOMER-TOKEN`. Make one for each visit. The token is not stored: a repetition by a key \
             with the same `Idempotency-Key` makes another. That a person made one is in the audit log, \
             and a repetition of theirs is answered without the token.",
        )
        .path("id", "The customer's id")
        .body("CreatePortalTokenRequest")
        .answers(201, "The token", "PortalTokenResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let names = choice(Part::ALL.map(Part::as_str));
    let scopes = json!({"type": "array", "items": names, "minItems": 1});
    let ttl = nullable(integer(TTL_SECONDS_MIN, TTL_SECONDS_MAX));
    let theme = json!({"oneOf": [reference("PortalTheme"), {"type": "null"}]});
    closed([
        optional("scopes", described(nullable(scopes), "What it opens: all of it, if absent")),
        optional("ttlSeconds", described(ttl, "An hour, if absent")),
        optional("theme", theme),
    ])
}
