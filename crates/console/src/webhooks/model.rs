//! A webhook endpoint and its deliveries, as the API shows them.

use serde::Deserialize;

use crate::api::{Api, Listed, segment};
use crate::component::Instant;
use crate::failure::Failure;

/// Somebody who is told of events.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its identifier.
    pub id: String,
    /// Where it listens.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Of what it is told; nothing named is everything.
    pub event_types: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    pub status: String,
    /// Why it is disabled.
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Instant,
}

/// What became of telling it one event.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its identifier.
    pub id: String,
    /// What happened.
    pub event_type: String,
    /// Nothing happened: somebody tried the endpoint.
    pub is_test: bool,
    /// `PENDING`, `DELIVERED` or `FAILED`.
    pub status: String,
    /// Since when.
    pub created_at: Instant,
    /// When it is tried again.
    pub next_attempt_at: Option<Instant>,
    /// How it went.
    pub attempts: Vec<Attempt>,
}

/// One try.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When.
    pub at: Instant,
    /// What was answered.
    pub status_code: Option<u16>,
    /// Why nothing was.
    pub error: Option<String>,
}

impl Webhook {
    /// The endpoint of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/webhooks/{}{operation}", segment(id))
    }

    /// Its page below an environment's address.
    pub fn path(&self) -> String {
        format!("/webhooks/{}", segment(&self.id))
    }

    /// Of what it is told, in words.
    pub fn told_of(&self) -> String {
        if self.event_types.is_empty() {
            "everything".to_owned()
        } else {
            self.event_types.join(", ")
        }
    }
}

impl Delivery {
    /// A delivery of an endpoint.
    pub async fn get(api: &Api, webhook: &str, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Webhook::target(webhook, &format!("/deliveries/{}", segment(id)))).await?)
    }

    /// How it went last, in words.
    pub fn last_attempt(&self) -> String {
        match self.attempts.last() {
            None => "not tried yet".to_owned(),
            Some(Attempt { status_code: Some(code), .. }) => format!("answered {code}"),
            Some(Attempt { error, .. }) => error.clone().unwrap_or_else(|| "no answer".to_owned()),
        }
    }
}

/// A page of an endpoint's deliveries.
pub async fn deliveries(api: &Api, target: &str) -> Result<Listed<Delivery>, Failure> {
    Ok(api.list(target).await?)
}
