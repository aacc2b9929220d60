//! A ledger row as the API shows it (decisions 39, 51).

use std::collections::BTreeMap;

use scrip_core::{Dimension, Dimensions, EventType, RowPart};
use scrip_ledger::RowView;
use serde_json::{Value, json};

use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, choice, described, instant, nullable, open, optional, reference, required,
};

/// The row, with its parts if it is a reservation's.
pub(crate) fn write(writer: &mut Writer, view: &RowView) {
    writer.object(|members| write_members(members, view));
}

/// What a row has.
pub(super) fn write_members(members: &mut Members<'_>, view: &RowView) {
    write_part(members, view, &view.part);
    if let Some(metadata) = metadata(view) {
        members.texts("metadata", metadata);
    }
    if let Some(parts) = broken_down(view) {
        if let Some(returned) = view.part.hold_returned {
            members.credits("holdReturnedAmount", returned);
        }
        members.value("breakdown", |writer| write_breakdown(writer, parts));
    }
    members.credits("balanceAfter", view.balance_after);
    members.plain("recordedAt", view.row.recorded_at);
    members.text("actor", &view.row.actor.to_string());
    members.text_or_null("idempotencyKey", idempotency_key(view));
    if let Some(dimensions) = dimensions(view) {
        members.value("dimensions", |writer| write_dimensions(writer, dimensions));
    }
    members.count("sequence", view.row.sequence);
    members.plain("hash", view.hash);
}

/// The client's name of what caused a row.
pub(super) fn idempotency_key(view: &RowView) -> Option<&str> {
    let key = view.row.mark.as_ref().and_then(|mark| mark.key.as_ref());
    key.map(|key| key.as_str())
}

/// What the owner of a row's reservation wrote (spec 2.12).
pub(super) fn metadata(view: &RowView) -> Option<&BTreeMap<String, String>> {
    let row = view.placed.as_ref().unwrap_or(&view.row);
    let words = view.part.reservation.as_ref().and_then(|_| row.texts.words())?;
    words.metadata.as_ref()
}

/// The parts of a reservation's row.
pub(super) fn broken_down(view: &RowView) -> Option<(&RowView, &[RowPart])> {
    view.part.reservation.as_ref().map(|_| (view, view.part.breakdown.as_slice()))
}

/// The dimensions of what was consumed, if it has any.
pub(super) fn dimensions(view: &RowView) -> Option<&Dimensions> {
    let dimensions = &view.row.texts.words()?.dimensions;
    (!dimensions.is_empty()).then_some(dimensions)
}

pub(super) fn write_breakdown(writer: &mut Writer, (view, parts): (&RowView, &[RowPart])) {
    writer.array(parts, |writer, part| {
        writer.object(|members| write_part(members, view, part));
    });
}

pub(super) fn write_dimensions(writer: &mut Writer, dimensions: &Dimensions) {
    writer.object(|members| {
        for (key, value) in dimensions.iter() {
            members.named_by_client(key, |writer| write_dimension(writer, value));
        }
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
    vec![
        ("CreditLedgerRowPart", part_schema()),
        ("CreditLedgerRow", row_schema()),
        ("CreditLedgerList", schema::page("CreditLedgerRow")),
    ]
}

/// What a row has.
pub(super) fn row_schema() -> Value {
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
        required(
            "sequence",
            described(
                json!({"type": "integer", "minimum": 1}),
                "Its place among what is stored of the wallet; rows of one event share it",
            ),
        ),
        required("hash", described(json!({"type": "string"}), "In the wallet's chain of rows")),
    ]);
    merge(&mut row, more);
    row
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
pub(super) fn merge(schema: &mut Value, more: Value) {
    for part in ["properties", "required"] {
        match (&mut schema[part], &more[part]) {
            (Value::Object(members), Value::Object(added)) => members.extend(added.clone()),
            (Value::Array(names), Value::Array(added)) => names.extend(added.clone()),
            _ => {}
        }
    }
}
