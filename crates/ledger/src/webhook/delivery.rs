//! An event on its way to an endpoint, or there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

/// Members by which deliveries can be listed.
pub(crate) const KEYS: &[&str] = &[
    WebhookDelivery::ENDPOINT,
    WebhookDelivery::STATE,
    WebhookDelivery::PENDING_FOR,
    WebhookDelivery::REQUESTED,
];

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryState {
    /// It is tried again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was tried often enough.
    Failed,
}

impl DeliveryState {
    /// The name that the world knows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
        }
    }
}

/// What became of one request to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    pub at_milliseconds: i64,
    /// How long it took.
    pub duration_milliseconds: i64,
    /// What it was answered with, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The beginning of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// Why it counts as failed; none if the endpoint took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDelivery {
    /// To whom.
    pub endpoint_id: String,
    /// The event's name for its receivers, by which they drop what they had already.
    pub message_id: String,
    /// What kind of event it is.
    pub event_type: String,
    /// The event's position; none is a test, which is about nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// How it stands.
    pub state: DeliveryState,
    /// Who has to send it still: the endpoint, while the state is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending_for: Option<String>,
    /// Somebody asked for it, and it was not begun yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested: Option<String>,
    /// When it was first to be sent.
    pub queued_at_milliseconds: i64,
    /// When it is sent next, while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at_milliseconds: Option<i64>,
    /// How often it was tried since it was queued or asked for again.
    pub tries: u32,
    /// What became of the newest attempts, oldest first: [`WebhookDelivery::ATTEMPTS_MAX`] at most.
    pub attempts: Vec<Attempt>,
}

impl WebhookDelivery {
    /// The member of its endpoint.
    pub const ENDPOINT: &'static str = "endpointId";
    /// The member of its state.
    pub const STATE: &'static str = "state";
    /// The member by which those are found that an endpoint has to be sent.
    pub const PENDING_FOR: &'static str = "pendingFor";
    /// The member by which those are found that somebody asked for, with [`Self::WANTED`].
    pub const REQUESTED: &'static str = "requested";
    /// What [`Self::REQUESTED`] says.
    pub const WANTED: &'static str = "yes";
    /// The type of an event that is about nothing.
    pub const TEST: &'static str = "webhook.test";
    /// Attempts that are kept.
    pub const ATTEMPTS_MAX: usize = 20;

    /// An event that is to be sent.
    #[must_use]
    pub fn new(endpoint_id: &str, message_id: String, event_type: &str, now: i64) -> Self {
        Self {
            endpoint_id: endpoint_id.to_owned(),
            message_id,
            event_type: event_type.to_owned(),
            position: None,
            state: DeliveryState::Pending,
            pending_for: Some(endpoint_id.to_owned()),
            requested: None,
            queued_at_milliseconds: now,
            next_attempt_at_milliseconds: Some(now),
            tries: 0,
            attempts: Vec::new(),
        }
    }

    /// What a record says; none if it is no delivery's.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::WebhookDelivery {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The body of its record.
    #[must_use]
    pub fn body(&self) -> Map<String, Value> {
        body_of(self)
    }

    /// Its record.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let id = Self::record_id(&self.endpoint_id, &self.message_id);
        NewRecord { kind: RecordKind::WebhookDelivery, id, body: self.body() }
    }

    /// The identifier of its record. Endpoint ids contain no slash.
    #[must_use]
    pub fn record_id(endpoint_id: &str, message_id: &str) -> String {
        format!("{endpoint_id}/{message_id}")
    }

    /// Is sent as soon as can be, and then as one that is new.
    pub fn request(&mut self, now: i64) {
        self.state = DeliveryState::Pending;
        self.pending_for = Some(self.endpoint_id.clone());
        self.requested = Some(Self::WANTED.to_owned());
        self.next_attempt_at_milliseconds = Some(now);
        self.tries = 0;
    }

    /// Somebody asked for it, and it was not begun yet.
    #[must_use]
    pub const fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Notes what became of an attempt, and that nothing more is asked for; `again_at` is when it is
    /// tried next, if it is.
    pub fn tried(&mut self, attempt: Attempt, again_at: Option<i64>) {
        let is_delivered = attempt.error.is_none();
        self.tries = self.tries.saturating_add(1);
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(Self::ATTEMPTS_MAX);
        self.attempts.drain(..surplus);
        self.requested = None;
        self.next_attempt_at_milliseconds = again_at.filter(|_| !is_delivered);
        self.state = match (is_delivered, again_at) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Pending,
            (false, None) => DeliveryState::Failed,
        };
        self.pending_for = (self.state == DeliveryState::Pending).then(|| self.endpoint_id.clone());
    }
}
