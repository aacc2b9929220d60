//! Requests that are done once: what was answered under an `Idempotency-Key`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;

/// An answer that is given again.
#[derive(Clone, Serialize, Deserialize)]
pub struct Remembered {
    /// What was asked: method, path and body.
    asked: String,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: Value,
}

/// The answers, by their keys.
#[derive(Default, Serialize, Deserialize)]
pub struct Keys(BTreeMap<String, Remembered>);

impl Keys {
    /// What was answered to this under the key; an error if the key was another request's.
    pub fn find(&self, key: &str, asked: &str) -> Result<Option<Remembered>, Refusal> {
        let Some(found) = self.0.get(key) else { return Ok(None) };
        if found.asked == asked {
            return Ok(Some(found.clone()));
        }
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Err(Refusal::other(400, "idempotency_error", None, &message))
    }

    /// Notes what was answered.
    pub fn note(&mut self, key: &str, asked: &str, status: u16, body: &Value) {
        let remembered = Remembered { asked: asked.to_owned(), status, body: body.clone() };
        self.0.insert(key.to_owned(), remembered);
    }

    /// Forgets all of them, as Stripe may after a day.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
