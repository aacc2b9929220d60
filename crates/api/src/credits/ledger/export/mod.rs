//! `GET /api/v1/credits/ledger/export`: rows in the order in which they were recorded, streamed.

mod csv;
mod format;
mod ndjson;
mod stream;

use axum::body::Body;
use scrip_ledger::{ExportQuery, Point};
use serde_json::{Value, json};

use super::{TAG, view};
use crate::cursor::CursorScope;
use crate::error::ApiError;
use crate::http::{Call, Streamed};
use crate::lookup::{customer_exists, existing_currency};
use crate::openapi::schema::{self, choice, described, id, open, reference, required};
use crate::openapi::{Component, Operation};
use crate::{fields, paging};
use format::Format;
use stream::Export;

pub(super) async fn handler(call: Call) -> Result<Streamed, ApiError> {
    let query = call.query();
    let customer = query.one("customerId")?.map(|text| fields::customer("customerId", text));
    let resource = query.one("resourceId")?.map(|text| fields::resource("resourceId", text));
    let currency = query.one("currencyId")?.map(|text| fields::currency("currencyId", text));
    let asked = ExportQuery {
        environment: call.environment(),
        customer: customer.transpose()?,
        resource: resource.transpose()?,
        currency: currency.transpose()?,
    };
    let known = Format::ALL.map(|format| (format.name(), format));
    let format = query.one("format")?.map(|name| fields::choice("format", name, &known));
    let format = format.transpose()?.unwrap_or(Format::Ndjson);
    let scope = scope(&call, &asked);
    let after = match query.one("after")? {
        None => Point::END,
        Some(text) => scope.read(text).ok_or_else(|| {
            ApiError::bad_input("after is no cursor of an export with these filters")
        })?,
    };
    if let Some(customer) = &asked.customer {
        customer_exists(&call, customer).await?;
    }
    if let Some(currency) = &asked.currency {
        existing_currency(&call, currency).await?;
    }
    let export = Export::begin(&call, asked, after, format, scope).await?;
    Ok(Streamed::new(format.media_type(), Body::from_stream(export.into_stream())))
}

/// Cursors do not depend on the format: whoever has rows of one may go on in the other.
fn scope(call: &Call, query: &ExportQuery) -> CursorScope {
    paging::scope(call, "ledger-export")
        .filter("customerId", query.customer.as_ref().map(|id| id.as_str()))
        .filter("resourceId", query.resource.as_ref().map(|id| id.as_str()))
        .filter("currencyId", query.currency.as_ref().map(|id| id.as_str()))
}

pub(super) fn operation() -> Operation {
    let text_of_all = "Every row that there is when the export begins, oldest first, as it is \
                       recorded: the row, and its `cursor`. An export that broke off, or that is to \
                       go on tomorrow, goes on with `after` = the cursor of the last line that you \
                       have: nothing is left out and nothing comes twice. The last line is \
                       `{\"end\": true, \"rows\": …, \"cursor\": …}`; without it the export is not \
                       complete. As CSV, the first column says `row` or `end`, and a text that a \
                       spreadsheet would run as a formula, or that begins with `'`, has a `'` before it.";
    Operation::new("exportCreditLedger", TAG, "Export ledger rows")
        .text(text_of_all)
        .query("customerId", id(schema::CUSTOMER_ID), "Only this customer's rows")
        .query("resourceId", id(schema::PLAIN_ID), "Only rows of this resource's wallets")
        .query("currencyId", id(schema::PLAIN_ID), "Only rows of this currency")
        .query("format", choice(Format::ALL.map(Format::name)), "NDJSON, unless it says CSV")
        .query("after", uuid(), "The cursor of a line: only what was recorded after it")
        .answers_as(
            200,
            "The rows",
            Format::Ndjson.media_type(),
            reference("CreditLedgerExportLine"),
        )
        .or_as(200, Format::Csv.media_type(), json!({"type": "string"}))
        .refuses(&[404])
}

/// What a line of NDJSON is.
pub(super) fn components() -> Vec<Component> {
    let cursor = || required("cursor", described(uuid(), "The rows after this line: `after`"));
    let mut row = view::row_schema();
    view::merge(&mut row, open([cursor()]));
    let end = open([
        required("end", described(json!({"const": true}), "Nothing is missing")),
        required("rows", described(schema::integer(0, i64::MAX), "How many came before this line")),
        cursor(),
    ]);
    vec![("CreditLedgerExportLine", json!({"anyOf": [row, end]}))]
}

fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}
