//! A grant as the API shows it.

use serde::Deserialize;

use crate::api::{Api, Listed, segment, target};
use crate::component::{Amount, Instant, Metadata};
use crate::currencies::model::Money;
use crate::failure::Failure;
use crate::wallets::WalletName;

/// Credits that were given.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its identifier.
    pub id: String,
    /// What it is called.
    pub display_name: String,
    /// How much was given.
    pub amount: Amount,
    /// How much of it is consumed; the deficit for an overdraft.
    pub consumed_amount: Amount,
    /// What went with its money.
    pub taken_back_amount: Option<Amount>,
    /// Where it comes from.
    pub grant_type: String,
    /// Lower burns first.
    pub priority: u8,
    /// From when on it counts.
    pub effective_at: Instant,
    /// Until when it counts.
    pub expire_at: Option<Instant>,
    /// When it was taken back.
    pub voided_at: Option<Instant>,
    /// What its owner keeps with it.
    #[serde(default)]
    pub metadata: Metadata,
    /// What it cost.
    pub cost: Money,
    /// Why it was given.
    pub comment: Option<String>,
    /// To whom.
    pub customer_id: String,
    /// For what.
    pub resource_id: Option<String>,
    /// In which currency.
    pub currency_id: String,
    /// What pays it.
    pub invoice_id: Option<String>,
    /// How its payment stands.
    pub payment_collection: String,
    /// Where it is in its life.
    pub status: String,
    /// When it was made.
    pub created_at: Instant,
}

impl Grant {
    /// The grant of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/credits/grants/{}{operation}", segment(id))
    }

    /// How many grants of a wallet are asked for at a time.
    pub const NEWEST: usize = 100;

    /// The newest grants of a wallet, at most [`Self::NEWEST`].
    pub async fn newest_of(
        api: &Api,
        customer: &str,
        wallet: &WalletName,
    ) -> Result<Vec<Self>, Failure> {
        let [currency, resource] = wallet.query();
        let limit = Self::NEWEST.to_string();
        let query =
            [("customerId", Some(customer)), currency, resource, ("limit", Some(limit.as_str()))];
        let grants: Listed<Self> = api.list(&target("/api/v1/credits/grants", &query)).await?;
        Ok(grants.data)
    }

    /// Its page below an environment's address.
    pub fn path(&self) -> String {
        let customer = crate::customers::model::path_of(&self.customer_id);
        format!("{customer}/grants/{}", segment(&self.id))
    }

    /// Its wallet within its customer.
    pub fn wallet(&self) -> WalletName {
        WalletName { currency: self.currency_id.clone(), resource: self.resource_id.clone() }
    }

    /// What is left of it to be consumed or held.
    pub fn left(&self) -> Amount {
        let gone = self.consumed_amount.plus(self.taken_back_amount.unwrap_or_default());
        gone.and_then(|gone| self.amount.minus(gone)).unwrap_or_default().at_least_zero()
    }

    /// Whether it can be changed, and taken back.
    pub fn can_be_voided(&self) -> bool {
        let lives = ["ACTIVE", "SCHEDULED", "PAYMENT_PENDING"].contains(&self.status.as_str());
        lives && self.grant_type != "OVERDRAFT"
    }
}
