//! `POST /api/v1/credits/custom-currencies`: makes a currency.

use scrip_ledger::{
    NewRecord, OVERDRAFT_ALLOW, OVERDRAFT_DENY, OVERDRAFT_MEMBER, RecordKind, UNIT_COST_MEMBER,
    Work,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{TAG, view};
use crate::credits::auto_recharge::{UnitCost, unit_cost, unit_cost_schema};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Metadata, Object, Text, read_body};
use crate::limits::CURRENCY_NAME_MAX;
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, choice, closed, described, id, nullable, optional, required, text_up_to,
};

/// The values of `overdraft`.
pub(super) const OVERDRAFT: [&str; 2] = [OVERDRAFT_ALLOW, OVERDRAFT_DENY];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    display_name: Text<'a>,
    symbol: Option<Text<'a>>,
    description: Option<Text<'a>>,
    units: Option<Object<Units<'a>>>,
    metadata: Option<Metadata>,
    overdraft: Option<Text<'a>>,
    unit_cost: Option<Object<UnitCost<'a>>>,
}

/// What one and many are called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Units<'a> {
    #[serde(borrow)]
    singular: Text<'a>,
    plural: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let work = Work::CreateRecord(parse(write.body(), write.call().numbers())?);
    let numbers = write.call().numbers();
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::created)).await
}

fn parse(body: &[u8], numbers: Numbers) -> Result<NewRecord, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let id = fields::currency("id", &request.id.0)?;
    let mut body = Map::new();
    let name = fields::text_up_to("displayName", &request.display_name, CURRENCY_NAME_MAX)?;
    body.insert("displayName".to_owned(), name.into());
    let texts = [
        ("symbol", request.symbol, CURRENCY_NAME_MAX),
        ("description", request.description, scrip_core::limits::SHORT_TEXT_MAX),
    ];
    for (name, text, length_max) in texts {
        // An empty text is none, as in an update.
        if let Some(text) = text.filter(|text| !text.0.is_empty()) {
            body.insert(name.to_owned(), fields::text_up_to(name, &text, length_max)?.into());
        }
    }
    if let Some(Object(given)) = request.units {
        body.insert("units".to_owned(), units(&given)?);
    }
    if let Some(metadata) = request.metadata {
        body.insert("metadata".to_owned(), json!(fields::metadata("metadata", metadata)?));
    }
    if let Some(Text(word)) = request.overdraft {
        body.insert(OVERDRAFT_MEMBER.to_owned(), overdraft(&word)?);
    }
    if let Some(Object(given)) = &request.unit_cost {
        body.insert(UNIT_COST_MEMBER.to_owned(), price(given, numbers)?);
    }
    Ok(NewRecord { kind: RecordKind::CustomCurrency, id: id.as_str().to_owned(), body })
}

/// What consumptions that are short and do not say come to: [`OVERDRAFT`].
pub(super) fn overdraft(word: &str) -> Result<Value, ApiError> {
    fields::choice("overdraft", word, &OVERDRAFT.map(|word| (word, word))).map(Value::from)
}

/// What one credit costs where nothing else says so.
pub(super) fn price(given: &UnitCost<'_>, numbers: Numbers) -> Result<Value, ApiError> {
    let price = unit_cost(given, numbers)?;
    Ok(json!({"amount": price.amount.to_string(), "currency": price.currency.as_str()}))
}

pub(super) fn units(units: &Units<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "singular": fields::text("units.singular", &units.singular)?,
        "plural": fields::text("units.plural", &units.plural)?,
    }))
}

pub(super) fn operation() -> Operation {
    Operation::new("createCustomCurrency", TAG, "Create a custom currency")
        .body("CreateCustomCurrencyRequest")
        .answers(201, "The currency", "CustomCurrencyResponse")
}

pub(super) fn schema() -> Value {
    let id_text = "Cannot change, but is free again once the currency is archived";
    closed([
        required("id", described(id(schema::PLAIN_ID), id_text)),
        required("displayName", text_up_to(CURRENCY_NAME_MAX)),
        optional("symbol", nullable(text_up_to(CURRENCY_NAME_MAX))),
        optional("description", nullable(schema::text())),
        optional("units", nullable(units_schema())),
        optional("metadata", nullable(schema::metadata())),
        optional("overdraft", overdraft_schema("ALLOW if absent")),
        optional("unitCost", unit_cost_schema("for auto-recharges that name no price")),
    ])
}

pub(super) fn overdraft_schema(absent: &str) -> Value {
    let text = "What a consumption without `onInsufficient` comes to when the balance is short";
    described(nullable(choice(OVERDRAFT)), &format!("{text}; {absent}"))
}

pub(super) fn units_schema() -> Value {
    closed([required("singular", schema::text()), required("plural", schema::text())])
}
