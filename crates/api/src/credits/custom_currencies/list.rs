//! `GET /api/v1/credits/custom-currencies`: the currencies of the environment, newest first.

use scrip_ledger::{CreatedRange, RecordKind, RecordQuery};
use serde_json::json;

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::choice;
use crate::paging;

const ARCHIVED: [(&str, bool); 2] = [("ACTIVE", false), ("ARCHIVED", true)];

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let archived = archived(call.query())?;
    let filter = match archived {
        Some(false) => "live",
        Some(true) => "archived",
        None => "all",
    };
    let scope = paging::scope(&call, "custom-currencies").filter("status", Some(filter));
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::CustomCurrency,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived,
        page: paging::page(call.query(), &scope)?,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

/// Only live ones unless told otherwise; none is both.
fn archived(query: &Query) -> Result<Option<bool>, ApiError> {
    let mut wanted = Vec::new();
    for word in query.list("status") {
        wanted.push(fields::choice("status", word, &ARCHIVED)?);
    }
    Ok(match (wanted.contains(&false), wanted.contains(&true)) {
        (true, true) => None,
        (_, archived) => Some(archived),
    })
}

pub(super) fn operation() -> Operation {
    let status = json!({
        "type": "array",
        "items": choice(ARCHIVED.map(|(word, _)| word)),
        "default": ["ACTIVE"],
    });
    Operation::new("listCustomCurrencies", TAG, "List custom currencies")
        .query_list("status", status, "Live ones, archived ones, or both")
        .paged()
        .answers(200, "A page of currencies, newest first", "CustomCurrencyList")
}
