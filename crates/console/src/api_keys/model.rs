//! An API key as the API shows it: without its secret.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{Api, segment};
use crate::component::Instant;
use crate::failure::Failure;

/// What a program is let in by.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// What rows and logs call it.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// What it may.
    pub scopes: Vec<String>,
    /// `ACTIVE`, `EXPIRED` or `REVOKED`.
    pub status: String,
    /// The end of its secret.
    pub secret_hint: Option<String>,
    /// Until when the secret before is good.
    pub previous_secret_ends_at: Option<Instant>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// When it was used, up to an hour late.
    pub last_used_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
}

impl Key {
    /// The key of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/api-keys/{}{operation}", segment(id))
    }

    /// Its name, or its identifier.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// A secret, for whoever was given it in this moment and nobody else.
pub fn secret(data: &Value) -> Markup {
    html! {
        div.card {
            h2 { "Its secret" }
            @match data.get("secret").and_then(Value::as_str) {
                Some(secret) => {
                    code.secret { (secret) }
                    p { "Nothing shows it again. Put it where the program finds it, now." }
                }
                None => {
                    p { "It was shown when the request was carried out, and is not shown again. If "
                        "nobody has it, rotate the key." }
                }
            }
        }
    }
}
