//! What is to be done about an invoice that a payment provider collects.

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::{InvoiceId, NewRecord, Record, RecordKind};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Intent {
    /// Make the invoice, and have it paid or sent.
    Collect,
    /// Ask where it stands now and then: the provider tells of it too, but may not reach us.
    Watch,
    /// Cancel it: its grant was taken back.
    Cancel,
}

/// Which list a collection is in, so that what is soon to be done is found without going through all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Pace {
    /// It is to go on within [`Collection::SOON_MILLISECONDS`].
    Soon,
    /// It is to go on later.
    Later,
}

impl Pace {
    /// As it is kept, to be looked for.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "SOON",
            Self::Later => "LATER",
        }
    }
}

/// What is to be done about an invoice. Its record is called like the invoice, and there as long as
/// there is something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// What.
    pub intent: Intent,
    /// Which list it is in.
    pub pace: Pace,
    /// When to go on, in real time.
    pub next_attempt_milliseconds: i64,
    /// How often the provider was asked since the intent is this one.
    pub tries: u32,
    /// What the invoice says is bought. It stays what the grant was called when it was made, for a
    /// provider takes the same request again only if it says the same.
    pub description: String,
    /// What kept the provider from answering the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl Collection {
    /// The member that says which list it is in.
    pub const PACE: &'static str = "pace";
    /// What is to go on within this time is in the list of [`Pace::Soon`].
    pub const SOON_MILLISECONDS: i64 = 10 * 60 * 1000;
    /// How long others leave a new one to the process that made it.
    pub const GRACE_MILLISECONDS: i64 = 15 * 1000;

    /// Something to be done, from an instant on.
    #[must_use]
    pub fn new(intent: Intent, description: String, now: Timestamp, next: Timestamp) -> Self {
        let (now, next) = (now.milliseconds(), next.milliseconds());
        let is_soon = next.saturating_sub(now) <= Self::SOON_MILLISECONDS;
        Self {
            intent,
            pace: if is_soon { Pace::Soon } else { Pace::Later },
            next_attempt_milliseconds: next,
            tries: 0,
            description,
            trouble: None,
        }
    }

    /// It is to go on now.
    #[must_use]
    pub const fn is_due(&self, now: Timestamp) -> bool {
        self.next_attempt_milliseconds <= now.milliseconds()
    }

    /// What a record says; none if it says nothing of it.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Collection {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The record of an invoice's.
    #[must_use]
    pub fn record(&self, invoice: InvoiceId) -> NewRecord {
        let (kind, id) = (RecordKind::Collection, invoice.to_string());
        NewRecord { kind, id, body: body_of(self) }
    }
}
