//! An event as it is sent to endpoints: what `GET /api/v1/events-log` shows of it.

use scrip_core::{EnvironmentId, Timestamp};
use scrip_ledger::{EventView, WebhookDelivery};

use crate::cursor::CursorScope;
use crate::events_log;
use crate::http::Numbers;
use crate::json::Writer;

/// An event's name and its JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// Its `messageId`: the same whenever it is sent, and its cursor in the events log.
    pub message_id: String,
    /// The text.
    pub body: Vec<u8>,
}

/// An event of a store with this secret, with the names of now.
#[must_use]
pub fn event_payload(secret: &[u8; 32], view: &EventView) -> EventPayload {
    let environment: EnvironmentId = view.event.environment;
    let scope = CursorScope::new(secret, events_log::LIST, environment);
    let message_id = scope.write(view.event.point());
    let mut writer = Writer::new(Numbers::AsNumbers);
    events_log::write(&mut writer, &message_id, view);
    EventPayload { message_id, body: writer.finish() }
}

/// An event about nothing, which somebody asked for.
#[must_use]
pub fn test_payload(message_id: &str, at: Timestamp) -> Vec<u8> {
    let mut writer = Writer::new(Numbers::AsNumbers);
    writer.object(|members| {
        members.plain("messageId", message_id);
        members.null("traceId");
        members.plain("timestamp", at);
        members.plain("type", WebhookDelivery::TEST);
    });
    writer.finish()
}
