//! A customer as the API shows it.

use scrip_core::MoneyCurrency;
use scrip_ledger::{Answer, Record};
use serde_json::{Value, json};

use super::profile::{PAYMENT_METHOD_TYPES, VENDORS};
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, data, instant, nullable, number, open, optional, reference, required,
};

/// `{"data": customer}` of an order's answer.
pub(super) fn answered(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::Record(record) => Ok(document(Numbers::AsNumbers, |writer| write(writer, record))),
        _ => Err(ApiError::internal(
            "the ledger answered an order for a customer with something else",
        )),
    }
}

/// The customer with every member.
pub(super) fn write(writer: &mut Writer, record: &Record) {
    const KEPT: [&str; 10] = [
        "email",
        "name",
        "billingCurrency",
        "billingId",
        "couponId",
        "defaultPaymentMethod",
        "language",
        "passthrough",
        "timezone",
        "integrations",
    ];
    writer.object(|members| {
        members.text("id", &record.id);
        for name in KEPT {
            match (record.body.get(name), name) {
                (Some(value), _) => members.value(name, |writer| writer.json(value)),
                (None, "integrations") => members.array(name, [(); 0], |_, ()| {}),
                (None, _) => members.null(name),
            }
        }
        match record.body.get("metadata") {
            Some(metadata) => members.value("metadata", |writer| writer.json(metadata)),
            None => members.object("metadata", |_| {}),
        }
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        members.instant_or_null("archivedAt", record.archived_at);
    });
}

pub(super) fn components() -> Vec<Component> {
    vec![
        ("Customer", customer_schema()),
        ("CustomerResponse", data(reference("Customer"))),
        ("CustomerList", schema::page("Customer")),
    ]
}

fn customer_schema() -> Value {
    let text_or_null = || nullable(schema::text());
    let payment_method = open([
        required("billingId", text_or_null()),
        required("cardExpiryMonth", nullable(number())),
        required("cardExpiryYear", nullable(number())),
        required("cardLast4Digits", text_or_null()),
        required("type", nullable(choice(PAYMENT_METHOD_TYPES))),
        optional("cardBrand", text_or_null()),
        optional("walletType", text_or_null()),
    ]);
    let integration = open([
        required("id", schema::text()),
        required("syncedEntityId", text_or_null()),
        required("vendorIdentifier", choice(VENDORS)),
    ]);
    open([
        required("id", schema::text()),
        required("email", text_or_null()),
        required("name", text_or_null()),
        required("billingCurrency", nullable(choice(MoneyCurrency::ALL))),
        required("billingId", text_or_null()),
        required("couponId", text_or_null()),
        required("defaultPaymentMethod", nullable(payment_method)),
        required("language", text_or_null()),
        required("passthrough", nullable(json!({"type": "object"}))),
        required("timezone", text_or_null()),
        required("integrations", json!({"type": "array", "items": integration})),
        required("metadata", json!({"type": "object", "additionalProperties": {"type": "string"}})),
        required("createdAt", instant()),
        required("updatedAt", instant()),
        required("archivedAt", nullable(instant())),
    ])
}
