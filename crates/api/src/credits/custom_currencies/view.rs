//! A custom currency as the API shows it.

use scrip_ledger::{Answer, OVERDRAFT_MEMBER, Record, UNIT_COST_MEMBER};
use serde_json::json;

use super::create::OVERDRAFT;
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, choice, data, described, instant, nullable, open, optional, reference, required,
    text_up_to,
};

/// `{"data": currency}` of an order's answer.
pub(super) fn answered(numbers: Numbers, answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::Record(record) => Ok(document(numbers, |writer| write(writer, record))),
        _ => Err(ApiError::internal(
            "the ledger answered an order for a currency with something else",
        )),
    }
}

/// The currency with every member.
pub(super) fn write(writer: &mut Writer, record: &Record) {
    writer.object(|members| {
        members.text("id", &record.id);
        members.text("displayName", record.text("displayName").unwrap_or(&record.id));
        for name in ["symbol", "description", "units"] {
            kept(members, record, name);
        }
        match record.body.get("metadata") {
            Some(metadata) => members.value("metadata", |writer| writer.json(metadata)),
            None => members.object("metadata", |_| {}),
        }
        // Strict SDKs refuse members that they do not know (decision 67).
        if let Some(overdraft) = record.text(OVERDRAFT_MEMBER) {
            members.plain(OVERDRAFT_MEMBER, overdraft);
        }
        if let Some(price) = record.unit_cost() {
            members.object(UNIT_COST_MEMBER, |members| {
                members.amount("amount", price.amount);
                members.plain("currency", price.currency.as_str());
            });
        }
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        members.instant_or_null("archivedAt", record.archived_at);
    });
}

fn kept(members: &mut Members<'_>, record: &Record, name: &str) {
    match record.body.get(name) {
        Some(value) => members.value(name, |writer| writer.json(value)),
        None => members.null(name),
    }
}

pub(super) fn components() -> Vec<Component> {
    let units = open([required("singular", schema::text()), required("plural", schema::text())]);
    let price = open([required("amount", amount()), required("currency", schema::text())]);
    let metadata = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let currency = open([
        required("id", schema::text()),
        required("displayName", text_up_to(crate::limits::CURRENCY_NAME_MAX)),
        required("symbol", nullable(text_up_to(crate::limits::CURRENCY_NAME_MAX))),
        required("description", nullable(schema::text())),
        required("units", nullable(units)),
        required("metadata", metadata),
        optional("overdraft", described(choice(OVERDRAFT), "Only where it was set")),
        optional("unitCost", described(price, "Only where it was set")),
        required("createdAt", instant()),
        required("updatedAt", instant()),
        required("archivedAt", nullable(instant())),
    ]);
    vec![
        ("CustomCurrency", currency),
        ("CustomCurrencyResponse", data(reference("CustomCurrency"))),
        ("CustomCurrencyList", schema::page("CustomCurrency")),
    ]
}
