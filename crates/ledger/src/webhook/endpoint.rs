//! An address that is told of events.

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::body_of;
use crate::{Record, RecordKind};

/// Why an endpoint is told of nothing. The order of the variants is part of the stored format of
/// events: new ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WebhookStop {
    /// Its owner wants it so.
    Asked,
    /// It took nothing for too long.
    Failing,
    /// It answered that it is gone for good (410).
    Gone,
}

impl WebhookStop {
    /// The name that the world knows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "ASKED",
            Self::Failing => "FAILING",
            Self::Gone => "GONE",
        }
    }
}

/// Whether an endpoint is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookStatus {
    /// It is.
    Enabled,
    /// It is not; what happens meanwhile waits for it, as long as events are kept.
    Disabled(WebhookStop),
}

/// What deliveries are signed with: `whsec_` and base64, as Standard Webhooks has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecret {
    /// The text, prefix included.
    pub secret: String,
    /// Until when it signs beside a newer one; none is the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires_at_milliseconds: Option<i64>,
}

/// No secret in a log.
impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecret")
            .field("retires_at_milliseconds", &self.retires_at_milliseconds)
            .finish_non_exhaustive()
    }
}

impl WebhookSecret {
    /// It signs what is sent at an instant.
    #[must_use]
    pub fn signs_at(&self, now: Timestamp) -> bool {
        self.retires_at_milliseconds.is_none_or(|at| now.milliseconds() < at)
    }
}

/// What an endpoint was told of, up to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierSelection {
    /// The position of the last event that it concerns.
    pub up_to: u64,
    /// Names of events; none is all.
    pub event_types: Vec<String>,
}

/// An endpoint. Its record's identifier is its name.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Where deliveries go: `http` or `https`.
    pub url: String,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Names of the events it is told of; none is all, those of later versions too.
    pub event_types: Vec<String>,
    /// What it was told of before, oldest first: events that it is yet to be told of are judged by what
    /// held when they happened.
    pub earlier_selections: Vec<EarlierSelection>,
    /// Whether it is told of anything.
    pub status: WebhookStatus,
    /// What its deliveries are signed with, the newest first.
    pub secrets: Vec<WebhookSecret>,
    /// What is sent in the vendor's own header, if anything.
    pub plain_secret: Option<String>,
    /// It is told of events behind this position.
    pub starts_after: u64,
}

/// What of an endpoint is kept, member by member.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    event_types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier_selections: Vec<EarlierSelection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled: Option<WebhookStop>,
    secrets: Vec<WebhookSecret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain_secret: Option<String>,
    starts_after: u64,
}

impl WebhookEndpoint {
    /// The member that says why it is told of nothing; without it, it is.
    pub const DISABLED: &'static str = "disabled";
    /// The member of what it is told of.
    pub const EVENT_TYPES: &'static str = "eventTypes";
    /// The member of what it was told of before.
    pub const EARLIER_SELECTIONS: &'static str = "earlierSelections";
    /// The member of its secrets.
    pub const SECRETS: &'static str = "secrets";

    /// What a record says; none if it is no endpoint's.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::WebhookEndpoint {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        Some(Self {
            url: kept.url,
            description: kept.description,
            event_types: kept.event_types,
            earlier_selections: kept.earlier_selections,
            status: kept.disabled.map_or(WebhookStatus::Enabled, WebhookStatus::Disabled),
            secrets: kept.secrets,
            plain_secret: kept.plain_secret,
            starts_after: kept.starts_after,
        })
    }

    /// The body of its record.
    #[must_use]
    pub fn body(&self) -> Map<String, Value> {
        let disabled = match self.status {
            WebhookStatus::Enabled => None,
            WebhookStatus::Disabled(stop) => Some(stop),
        };
        body_of(&Kept {
            url: self.url.clone(),
            description: self.description.clone(),
            event_types: self.event_types.clone(),
            earlier_selections: self.earlier_selections.clone(),
            disabled,
            secrets: self.secrets.clone(),
            plain_secret: self.plain_secret.clone(),
            starts_after: self.starts_after,
        })
    }

    /// It is told of an event of this name at a position.
    #[must_use]
    pub fn is_told_of(&self, event_type: &str, position: u64) -> bool {
        let earlier = self.earlier_selections.iter().find(|earlier| position <= earlier.up_to);
        let selected = earlier.map_or(&self.event_types, |earlier| &earlier.event_types);
        selected.is_empty() || selected.iter().any(|name| name == event_type)
    }
}
