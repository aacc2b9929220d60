//! A ledger row as the API shows it (decisions 39, 51).

use scrip_core::{Dimension, EventType, RowPart, Texts};
use scrip_ledger::RowView;
use serde_json::{Value, json};

use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, choice, described, instant, nullable, open, optional, reference, required,
};

/// The row, with its parts if it is a reservation's.
pub(crate) fn write(writer: &mut Writer, view: &RowView) {
    let row = &view.row;
    let words = row.texts.words();
    writer.object(|members| {
        write_part(members, view, &view.part);
        if view.part.reservation.is_some() {
            if let Some(metadata) = words.and_then(|words| words.metadata.as_ref()) {
                members.texts("metadata", metadata);
            }
            if let Some(returned) = view.part.hold_returned {
                members.credits("holdReturnedAmount", returned);
            }
            members.array("breakdown", &view.part.breakdown, |writer, part| {
                writer.object(|members| write_part(members, view, part));
            });
        }
        members.credits("balanceAfter", view.balance_after);
        members.plain("recordedAt", row.recorded_at);
        members.text("actor", &row.actor.to_string());
        let key = row.mark.as_ref().and_then(|mark| mark.key.as_ref());
        members.text_or_null("idempotencyKey", key.map(|key| key.as_str()));
        match &row.texts {
            Texts::Kept { words, .. } if !words.dimensions.is_empty() => {
                members.object("dimensions", |members| {
                    for (key, value) in &words.dimensions {
                        members.named_by_client(key, |writer| write_dimension(writer, value));
                    }
                });
            }
            _ => {}
        }
        members.plain("hash", view.hash);
    });
}

/// The members that a row and each element of its breakdown have.
fn write_part(members: &mut Members<'_>, view: &RowView, part: &RowPart) {
    let reservation = part.reservation.as_ref().or(view.part.reservation.as_ref());
    members.plain("timestamp", view.row.attributed_at);
    members.plain("eventType", part.event_type.as_str());
    members.credits("amount", part.amount);
    members.text("customerId", view.wallet.customer.as_str());
    members.text_or_null("resourceId", view.wallet.resource.as_ref().map(|id| id.as_str()));
    members.plain("creditGrantId", part.grant);
    members.text("creditCurrencyId", view.wallet.currency.as_str());
    members.null("featureId");
    members.null("eventId");
    if let Some(reservation) = reservation {
        members.text("reservationId", reservation.as_str());
    }
}

fn write_dimension(writer: &mut Writer, value: &Dimension) {
    match value {
        Dimension::Text(text) => writer.text(text),
        // These two were checked and respelled when they came in.
        Dimension::Number(_) | Dimension::Flag(_) => writer.raw(value.as_text()),
    }
}

pub(super) fn components() -> Vec<Component> {
    let mut row = part_schema();
    let more = open([
        optional(
            "metadata",
            described(
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                "Of the reservation",
            ),
        ),
        optional("holdReturnedAmount", amount()),
        optional("breakdown", json!({"type": "array", "items": reference("CreditLedgerRowPart")})),
        required("balanceAfter", described(amount(), "The wallet's balance after this row")),
        required("recordedAt", instant()),
        required("actor", described(json!({"type": "string"}), "Who caused the row")),
        required("idempotencyKey", nullable(schema::text())),
        optional(
            "dimensions",
            json!({
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            }),
        ),
        required("hash", described(json!({"type": "string"}), "In the wallet's chain of rows")),
    ]);
    merge(&mut row, more);
    vec![
        ("CreditLedgerRowPart", part_schema()),
        ("CreditLedgerRow", row),
        ("CreditLedgerList", schema::page("CreditLedgerRow")),
    ]
}

fn part_schema() -> Value {
    open([
        required("timestamp", described(instant(), "The instant it is attributed to")),
        required("eventType", choice(EventType::ALL.map(EventType::as_str))),
        required("amount", described(amount(), "What it did to the balance")),
        required("customerId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("creditGrantId", schema::text()),
        required("creditCurrencyId", schema::text()),
        required("featureId", nullable(schema::text())),
        required("eventId", nullable(schema::text())),
        optional("reservationId", schema::text()),
    ])
}

/// Adds the members of one object's schema to another's.
fn merge(schema: &mut Value, more: Value) {
    for part in ["properties", "required"] {
        match (&mut schema[part], &more[part]) {
            (Value::Object(members), Value::Object(added)) => members.extend(added.clone()),
            (Value::Array(names), Value::Array(added)) => names.extend(added.clone()),
            _ => {}
        }
    }
}
