//! An environment as the API shows it.

use axum::http::StatusCode;
use serde::Deserialize;

use crate::api::{Api, ApiFailure, Listed, segment};
use crate::component::Instant;
use crate::failure::Failure;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A world of the account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// What addresses, headers and paths call it.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// `PRODUCTION` or `SANDBOX`.
    #[serde(rename = "type")]
    pub environment_type: String,
    /// `ACTIVE` or `ARCHIVED`.
    pub status: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was reset last.
    pub reset_at: Option<Instant>,
    /// When it ended.
    pub archived_at: Option<Instant>,
}

const LIST: &str = "/api/v1/environments";

impl Environment {
    /// Those of the account, archived ones too.
    pub async fn all(visit: &Visit) -> Result<Vec<Self>, Failure> {
        let list = async |api: &Api| api.list(LIST).await.map(|listed: Listed<Self>| listed.data);
        match list(&visit.api).await {
            // Of an environment that was reset since the visit began nobody knows the account.
            Err(ApiFailure::Refused(refusal))
                if refusal.status == StatusCode::SERVICE_UNAVAILABLE =>
            {
                Ok(list(&visit.anew().await?).await?)
            }
            listed => Ok(listed?),
        }
    }

    /// The one that is called so.
    pub async fn get(visit: &Visit, id: &str) -> Result<Self, Failure> {
        let found = Self::all(visit).await?.into_iter().find(|environment| environment.id == id);
        found.ok_or(Failure::NotFound)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("{LIST}/{}{operation}", segment(id))
    }

    /// Whether it is for trying things, and can be reset.
    pub fn is_sandbox(&self) -> bool {
        self.environment_type == "SANDBOX"
    }
}

/// What a dialog of an environment is called.
pub fn heading<'a>(title: &'a str, visit: &Visit) -> Heading<'a> {
    Heading::of(title, Section::Environments).below("Environments", visit.address("/environments"))
}

/// Where to go on.
pub fn back(visit: &Visit) -> (String, String) {
    ("To all environments".to_owned(), visit.address("/environments"))
}
