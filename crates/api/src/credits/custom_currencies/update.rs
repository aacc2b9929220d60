//! `PATCH /api/v1/credits/custom-currencies/{currencyId}`: changes what is sent.

use scrip_ledger::{OVERDRAFT_MEMBER, RecordKind, RecordPatch, UNIT_COST_MEMBER, Work};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::create::{Units, overdraft, overdraft_schema, price, units, units_schema};
use super::{TAG, view};
use crate::credits::auto_recharge::{UnitCost, unit_cost_schema};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Metadata, Object, Text, present, read_body};
use crate::limits::CURRENCY_NAME_MAX;
use crate::openapi::Operation;
use crate::openapi::schema::{self, closed, described, nullable, optional, text_up_to};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    display_name: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    symbol: Option<Option<Text<'a>>>,
    #[serde(default, borrow, deserialize_with = "present")]
    description: Option<Option<Text<'a>>>,
    #[serde(default, borrow, deserialize_with = "present")]
    units: Option<Option<Object<Units<'a>>>>,
    #[serde(default, deserialize_with = "present")]
    metadata: Option<Option<Metadata>>,
    #[serde(default, borrow, deserialize_with = "present")]
    overdraft: Option<Option<Text<'a>>>,
    #[serde(default, borrow, deserialize_with = "present")]
    unit_cost: Option<Option<Object<UnitCost<'a>>>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let members = parse(write.body(), write.call().numbers())?;
    let id = write.call().path_currency()?.as_str().to_owned();
    let work = Work::PatchRecord(RecordPatch { kind: RecordKind::CustomCurrency, id, members });
    let numbers = write.call().numbers();
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

/// The members that change; null removes one.
fn parse(body: &[u8], numbers: Numbers) -> Result<Map<String, Value>, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let mut members = Map::new();
    if let Some(name) = &request.display_name {
        let name = fields::text_up_to("displayName", name, CURRENCY_NAME_MAX)?;
        members.insert("displayName".to_owned(), name.into());
    }
    let texts = [
        ("symbol", request.symbol, CURRENCY_NAME_MAX),
        ("description", request.description, scrip_core::limits::SHORT_TEXT_MAX),
    ];
    for (name, text, length_max) in texts {
        if let Some(text) = text {
            // An empty text clears too (spec 1.8).
            let kept = text.filter(|text| !text.0.is_empty());
            let kept = kept.map(|text| fields::text_up_to(name, &text, length_max)).transpose()?;
            members.insert(name.to_owned(), kept.into());
        }
    }
    if let Some(given) = request.units {
        let kept = given.map(|Object(given)| units(&given)).transpose()?;
        members.insert("units".to_owned(), kept.into());
    }
    if let Some(metadata) = request.metadata {
        let kept = metadata.map(|metadata| fields::metadata("metadata", metadata)).transpose()?;
        members.insert("metadata".to_owned(), json!(kept));
    }
    if let Some(word) = request.overdraft {
        let kept = word.map(|Text(word)| overdraft(&word)).transpose()?;
        members.insert(OVERDRAFT_MEMBER.to_owned(), kept.into());
    }
    if let Some(given) = request.unit_cost {
        let kept = given.map(|Object(given)| price(&given, numbers)).transpose()?;
        members.insert(UNIT_COST_MEMBER.to_owned(), kept.into());
    }
    Ok(members)
}

pub(super) fn operation() -> Operation {
    Operation::new("updateCustomCurrency", TAG, "Update a custom currency")
        .path("currencyId", "The currency's id")
        .body("UpdateCustomCurrencyRequest")
        .answers(200, "The currency, changed", "CustomCurrencyResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let clears = "null or an empty text clears it";
    closed([
        optional("displayName", nullable(text_up_to(CURRENCY_NAME_MAX))),
        optional("symbol", described(nullable(text_up_to(CURRENCY_NAME_MAX)), clears)),
        optional("description", described(nullable(schema::text()), clears)),
        optional("units", nullable(units_schema())),
        optional("metadata", described(nullable(schema::metadata()), "Replaces all of it")),
        optional("overdraft", overdraft_schema("null is ALLOW again, and not shown")),
        optional("unitCost", unit_cost_schema("null removes it")),
    ])
}
