//! A row of the ledger as the API shows it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::component::{Amount, Instant};

/// Something that happened to a wallet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The instant that it is attributed to.
    pub timestamp: Instant,
    /// When it was written down.
    pub recorded_at: Instant,
    /// What happened.
    pub event_type: String,
    /// What it did to the balance.
    pub amount: Amount,
    /// What it was for.
    pub resource_id: Option<String>,
    /// Of which grant.
    pub credit_grant_id: String,
    /// In which currency.
    pub credit_currency_id: String,
    /// Of which reservation.
    pub reservation_id: Option<String>,
    /// The wallet's balance after it.
    pub balance_after: Amount,
    /// Who caused it.
    pub actor: String,
    /// Under which name it happens once.
    pub idempotency_key: Option<String>,
    /// What it was used for.
    #[serde(default)]
    pub dimensions: Map<String, Value>,
}

impl Row {
    /// Whether it is a consumption that can be given back.
    pub fn is_consumption(&self) -> bool {
        self.event_type == "CREDITS_CONSUMED"
            && self.amount < Amount::ZERO
            && self.idempotency_key.is_some()
            && self.reservation_id.is_none()
    }
}
