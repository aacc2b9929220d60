//! An invoice as the API shows it.

use serde::Deserialize;

use crate::api::{Api, segment};
use crate::component::{Amount, Instant};
use crate::failure::Failure;
use crate::grants::model::Grant;

/// What a customer pays for a grant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Its identifier.
    pub id: String,
    /// `OPEN`, `PAID` or `CANCELED`.
    pub status: String,
    /// Whose.
    pub customer_id: String,
    /// What it pays for.
    pub credit_grant_id: String,
    /// Who collects it.
    pub provider: String,
    /// How often its provider was to collect it.
    pub attempt_count: u32,
    /// Where it can be paid.
    pub payment_url: Option<String>,
    /// Why it could not be collected.
    pub error_message: Option<String>,
    /// Of which money.
    pub currency: String,
    /// How much.
    pub total: Amount,
    /// What of it was given back.
    pub refunded_amount: Amount,
    /// When it has to be paid.
    pub due_date: Option<Instant>,
    /// When it was.
    pub paid_at: Option<Instant>,
    /// When it was clear that it would not be.
    pub canceled_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
}

impl Invoice {
    /// The invoice of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/invoices/{}{operation}", segment(id))
    }

    /// Its page below an environment's address.
    pub fn path(&self) -> String {
        format!("/invoices/{}", segment(&self.id))
    }

    /// How much, of which money.
    pub fn total_in_words(&self) -> String {
        format!("{} {}", self.total, self.currency.to_uppercase())
    }

    /// What of its money has not gone back.
    pub fn left(&self) -> Amount {
        self.total.minus(self.refunded_amount).unwrap_or_default()
    }

    /// Whether a person says that money of it went back: elsewhere the provider does.
    pub fn can_be_refunded(&self) -> bool {
        self.status == "PAID" && self.provider == "MANUAL" && self.left() > Amount::ZERO
    }

    /// Whether a provider collects it and there is no more to it yet than that.
    pub fn is_collected(&self) -> bool {
        self.status == "OPEN" && self.provider != "MANUAL"
    }

    /// Whether its payment failed, or needs an action, and its provider can collect it again.
    pub fn can_be_retried(&self, grant: &Grant) -> bool {
        let has_failed = ["FAILED", "ACTION_REQUIRED"].contains(&grant.payment_collection.as_str());
        self.is_collected() && has_failed && grant.status != "VOIDED"
    }

    /// Whether a person says how it ends: nobody collects it.
    pub fn is_settled_by_hand(&self) -> bool {
        self.status == "OPEN" && self.provider == "MANUAL"
    }
}
