//! Telling somebody what happened, as Stripe's webhooks do.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::Agent;

/// The header that says who made this body, and when.
#[must_use]
pub fn signature(secret: &str, at_seconds: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at_seconds}.").as_bytes());
    mac.update(body);
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_seconds},v1={hex}")
}

/// What is to be delivered, and how.
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// Who signs.
    pub secret: String,
    /// When it is said to have been signed, in seconds since 1970.
    pub at_seconds: i64,
    /// The events, in the order in which they are sent.
    pub events: Vec<Value>,
}

impl Delivery {
    /// Sends all of them, one after the other; answers what each was answered with, 0 for nothing.
    pub fn send(self) -> Value {
        let config = Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent: Agent = config.max_redirects(0).build().into();
        let sent = self.events.iter().map(|event| {
            let body = event.to_string();
            let signed = signature(&self.secret, self.at_seconds, body.as_bytes());
            let answer = agent
                .post(&self.url)
                .header("content-type", "application/json")
                .header("stripe-signature", signed)
                .send(body);
            let status = answer.map_or(0, |answer| answer.status().as_u16());
            json!({"event": event["id"], "type": event["type"], "status": status})
        });
        Value::Array(sent.collect())
    }
}
