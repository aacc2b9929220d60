//! `GET /api/v1/credits/reports/revenue`: what was earned, what went back and what is deferred.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use scrip_ledger::{ClosedMonth, GrantRevenue, RevenueQuery, RevenueTotal};
use serde_json::json;

use super::{TAG, books, table, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Reply, Streamed};
use crate::json::document;
use crate::limits::REPORT_GRANTS_MAX;
use crate::lookup::existing_currency;
use crate::openapi::Operation;
use crate::openapi::schema::{self, choice, id, instant};

/// What the report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

const FORMATS: [(&str, Format); 2] = [("JSON", Format::Json), ("CSV", Format::Csv)];

/// What it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Totals,
    Grants,
}

const DETAILS: [(&str, Detail); 2] = [("TOTALS", Detail::Totals), ("GRANTS", Detail::Grants)];

const CSV: &str = "text/csv; charset=utf-8";

pub(super) async fn handler(call: Call) -> Result<Response, ApiError> {
    let query = call.query();
    let from = fields::instant("from", query.required("from")?)?;
    let to = fields::instant("to", query.required("to")?)?;
    let currency = query.one("currencyId")?.map(|text| fields::currency("currencyId", text));
    let currency = currency.transpose()?;
    let format = query.one("format")?.map(|name| fields::choice("format", name, &FORMATS));
    let format = format.transpose()?.unwrap_or(Format::Json);
    let detail = query.one("detail")?.map(|name| fields::choice("detail", name, &DETAILS));
    let detail = detail.transpose()?.unwrap_or(Detail::Totals);
    if from >= to {
        return Err(ApiError::bad_input("to must be later than from"));
    }
    if to > call.now() {
        return Err(ApiError::bad_input("to must not be in the future"));
    }
    if let Some(currency) = &currency {
        existing_currency(&call, currency).await?;
    }
    if call.is_head() {
        return Ok(head_of(format));
    }
    let asked = RevenueQuery { environment: call.environment(), currency, from, to };
    let closed = call.ledger().closed_months().await?;
    let month = closed.iter().find(|it| it.month.begin() == from && it.month.end() == to).cloned();
    let is_closed = month.is_some();
    let (totals, lines) = match (month, detail) {
        (Some(month), Detail::Totals) => (frozen(&month, &asked), Vec::new()),
        (_, Detail::Totals) => {
            (books::read_settled(&call, &asked, closed).await?.totals(), Vec::new())
        }
        (_, Detail::Grants) => {
            let books = books::read_settled(&call, &asked, closed).await?;
            (books.totals(), books.lines())
        }
    };
    let head = view::Head { query: &asked, is_closed };
    match (format, detail) {
        (Format::Csv, Detail::Totals) => {
            let table = table::totals(from, to, &totals);
            Ok(Streamed::new(CSV, Body::from(table)).into_response())
        }
        (Format::Csv, Detail::Grants) => {
            Ok(Streamed::new(CSV, table_of(&asked, lines)).into_response())
        }
        (Format::Json, _) => {
            told(&call, &head, &totals, (detail == Detail::Grants).then_some(&lines))
        }
    }
}

/// What is answered to whoever only looks ahead: how long the report is nobody knows before all rows are read.
fn head_of(format: Format) -> Response {
    let media_type = match format {
        Format::Json => "application/json",
        Format::Csv => CSV,
    };
    let body = Body::from_stream(stream::empty::<Result<Bytes, std::convert::Infallible>>());
    Streamed::new(media_type, body).into_response()
}

/// The figures of a closed month.
fn frozen(month: &ClosedMonth, asked: &RevenueQuery) -> Vec<RevenueTotal> {
    let is_asked = |total: &&RevenueTotal| {
        asked.currency.as_ref().is_none_or(|currency| total.currency == *currency)
    };
    month.totals.iter().filter(is_asked).cloned().collect()
}

/// The table of grants, some lines at a time.
fn table_of(asked: &RevenueQuery, lines: Vec<GrantRevenue>) -> Body {
    const LINES: usize = 1_000;
    let (from, to) = (asked.from, asked.to);
    let pieces = (0..=lines.len().div_ceil(LINES)).map(move |piece| {
        let bytes = match piece.checked_sub(1) {
            None => table::head_of_grants(),
            Some(piece) => table::grants(from, to, lines.iter().skip(piece * LINES).take(LINES)),
        };
        Ok::<_, std::convert::Infallible>(Bytes::from(bytes))
    });
    Body::from_stream(stream::iter(pieces))
}

fn told(
    call: &Call,
    head: &view::Head<'_>,
    totals: &[RevenueTotal],
    lines: Option<&Vec<GrantRevenue>>,
) -> Result<Response, ApiError> {
    if lines.is_some_and(|lines| lines.len() > REPORT_GRANTS_MAX) {
        let message = format!(
            "detail: more than {REPORT_GRANTS_MAX} grants have a line; ask for format=CSV, or for a \
             currencyId or less time"
        );
        return Err(ApiError::bad_input(message));
    }
    let body = document(call.numbers(), |writer| {
        view::write_report(writer, head, totals, lines.map(Vec::as_slice));
    });
    Ok(Reply::ok(body).into_response())
}

pub(super) fn operation() -> Operation {
    let text = "For each currency and each money that its grants cost: what was deferred at `from`, what \
                happened until `to`, and what is deferred then. `deferredFrom + granted + restored - \
                recognised - breakage - refunded = deferredTo`, exactly. A grant's money is earned as its \
                credits are consumed (`recognised`), or expire or are voided unused (`breakage`); what is \
                counted for it rounds down to a billionth in all, so a grant of which nothing is left has \
                earned exactly its cost. What happened counts at the instant that it is attributed to; \
                what is recorded after its month was closed counts at the beginning of the first open \
                month. All rows of the ledger are read, so it takes the longer the more there are; of a \
                closed month, without `detail`, none is.";
    Operation::new("getCreditRevenue", TAG, "Revenue report")
        .text(text)
        .required_query("from", instant(), "The beginning, inclusive")
        .required_query("to", instant(), "The end, exclusive; not in the future")
        .query("currencyId", id(schema::PLAIN_ID), "Only this currency's grants")
        .query("format", choice(FORMATS.map(|(name, _)| name)), "JSON, unless it says CSV")
        .query(
            "detail",
            choice(DETAILS.map(|(name, _)| name)),
            "GRANTS: a line for each grant too; as JSON at most 1,000, as CSV instead of the totals",
        )
        .answers(200, "The report", "RevenueReportResponse")
        .or_as(200, CSV, json!({"type": "string"}))
        .refuses(&[404])
}
