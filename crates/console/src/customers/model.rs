//! A customer as the API shows it.

use serde::Deserialize;

use crate::api::{Api, segment};
use crate::component::{Instant, Metadata};
use crate::failure::Failure;

/// A customer, as far as pages show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its identifier.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// Where it is written to.
    pub email: Option<String>,
    /// What its owner keeps with it.
    #[serde(default)]
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Instant,
    /// When it was archived.
    pub archived_at: Option<Instant>,
}

impl Customer {
    /// The customer of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/customers/{}{operation}", segment(id))
    }

    /// Its name, or its identifier.
    pub fn title(&self) -> &str {
        self.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&self.id)
    }

    /// Its page below an environment's address.
    pub fn path(&self) -> String {
        path_of(&self.id)
    }
}

/// The page of a customer below an environment's address.
pub fn path_of(id: &str) -> String {
    format!("/customers/{}", segment(id))
}
