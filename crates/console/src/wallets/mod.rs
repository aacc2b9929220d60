//! Wallets: what a customer has of a currency, of its own or for a resource.

mod choose;

use maud::{Markup, html};
use serde::Deserialize;

use crate::api::{Api, Listed, target};
use crate::component::{Amount, Instant, utilisation};
use crate::currencies::model::Currencies;
use crate::failure::Failure;

pub use choose::{WalletName, wallet_choices, wallet_filter};

/// What a wallet holds, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// What it counts.
    pub currency_id: String,
    /// What it is for; none is the customer's own.
    pub resource_id: Option<String>,
    /// All credits of the grants that count.
    pub granted: Amount,
    /// What of them is consumed, a deficit too.
    pub consumed: Amount,
    /// What of them is set aside.
    pub reserved: Amount,
    /// What is left.
    pub available: Amount,
    /// The deficit.
    pub overdraft: Amount,
    /// What goes next, if nobody uses it before.
    pub next_expiry: Option<NextExpiry>,
    /// The instant at which it was so.
    pub at: Instant,
}

/// What a wallet loses next.
#[derive(Clone, Debug, Deserialize)]
pub struct NextExpiry {
    /// When.
    pub at: Instant,
    /// How much.
    pub amount: Amount,
}

impl Wallet {
    /// A customer's wallets.
    pub async fn all_of(api: &Api, customer: &str) -> Result<Vec<Self>, Failure> {
        let query = [("customerId", Some(customer))];
        let wallets: Listed<Self> = api.list(&target("/api/v1/credits/balances", &query)).await?;
        Ok(wallets.data)
    }

    /// What one wallet holds; nothing of one that nothing was done with.
    pub async fn find(
        api: &Api,
        customer: &str,
        name: &WalletName,
    ) -> Result<Option<Self>, Failure> {
        let wallets = Self::all_of(api, customer).await?;
        Ok(wallets.into_iter().find(|wallet| wallet.name() == *name))
    }

    /// What it is called within its customer.
    pub fn name(&self) -> WalletName {
        WalletName { currency: self.currency_id.clone(), resource: self.resource_id.clone() }
    }
}

/// What is left in a wallet and how much of it is used, for whoever looks at a card of it.
pub fn held(wallet: &Wallet, currencies: &Currencies) -> Markup {
    html! {
        p.value { (wallet.available) " " small { (currencies.unit(&wallet.currency_id)) } }
        (utilisation(wallet.granted, wallet.consumed, wallet.reserved))
        p.note {
            (wallet.consumed) " of " (wallet.granted) " consumed"
            @if wallet.reserved != Amount::ZERO { ", " (wallet.reserved) " reserved" }
        }
        @if wallet.overdraft != Amount::ZERO {
            p.below { "Overdrawn by " (wallet.overdraft) }
        }
    }
}

/// What is available in a wallet, in words.
pub fn available_in_words(
    wallet: Option<&Wallet>,
    name: &WalletName,
    currencies: &Currencies,
) -> String {
    let available = wallet.map(|wallet| wallet.available).unwrap_or_default();
    currencies.in_words(&name.currency, available)
}
