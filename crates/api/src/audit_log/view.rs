//! An entry as the API shows it.

use scrip_ledger::{AuditChange, AuditEntry};
use serde_json::{Map, Value, json};

use crate::json::Writer;
use crate::openapi::Component;
use crate::openapi::schema::{self, described, instant, nullable, open, reference, required};

pub(super) fn write(writer: &mut Writer, id: &str, entry: &AuditEntry) {
    writer.object(|members| {
        members.text("id", id);
        members.text("actor", &entry.actor);
        members.text("operation", &entry.operation);
        members.text("target", &entry.target);
        members.text_or_null("customerId", entry.customer_id.as_deref());
        members.array("changes", &entry.changes, write_change);
        members.text("traceId", &entry.trace_id);
        members.instant_or_null("createdAt", entry.at());
    });
}

fn write_change(writer: &mut Writer, change: &AuditChange) {
    let state = |writer: &mut Writer, state: Option<&Map<String, Value>>| match state {
        Some(state) => writer.json(&Value::Object(state.clone())),
        None => writer.null(),
    };
    writer.object(|members| {
        members.text("target", &change.target);
        members.value("before", |writer| state(writer, change.before.as_ref()));
        members.value("after", |writer| state(writer, change.after.as_ref()));
    });
}

pub(super) fn components() -> Vec<Component> {
    let target = "What it is, and its id, with a slash between them";
    let state = || json!({"type": ["object", "null"]});
    let change = open([
        required("target", described(schema::text(), target)),
        required("before", described(state(), "Members that changed; null of what was made")),
        required("after", described(state(), "The same; null of what was removed")),
    ]);
    let entry = open([
        required("id", schema::text()),
        required("actor", described(schema::text(), "`person:…` or `key:…`")),
        required("operation", schema::text()),
        required("target", described(schema::text(), target)),
        required("customerId", nullable(schema::text())),
        required("changes", json!({"type": "array", "items": reference("AuditChange")})),
        required("traceId", described(schema::text(), "The request, in all logs")),
        required("createdAt", described(nullable(instant()), "By real time")),
    ]);
    vec![
        ("AuditChange", change),
        ("AuditLogEntry", entry),
        ("AuditLogList", schema::page("AuditLogEntry")),
    ]
}
