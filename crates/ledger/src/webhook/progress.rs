//! How far an endpoint was told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

/// What is known of an endpoint by whoever delivers. Its record has the endpoint's identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookProgress {
    /// The position up to which each event was delivered, or is kept as a delivery, or is none of
    /// the endpoint's affair.
    pub position: u64,
    /// Since when it took nothing; none if it took the last that it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since_milliseconds: Option<i64>,
}

impl WebhookProgress {
    /// What a record says; none if it says nothing of it.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::WebhookProgress {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The record of an endpoint.
    #[must_use]
    pub fn record(&self, endpoint_id: &str) -> NewRecord {
        let kind = RecordKind::WebhookProgress;
        NewRecord { kind, id: endpoint_id.to_owned(), body: body_of(self) }
    }
}
