//! A custom currency as the API shows it.

use serde::Deserialize;

use crate::api::{Api, Listed, segment};
use crate::component::{Amount, Instant, Metadata};
use crate::failure::Failure;

/// What `overdraft` says of a currency that refuses what it has not.
pub const DENY: &str = "DENY";

/// A currency.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Currency {
    /// Its identifier.
    pub id: String,
    /// What it is called.
    pub display_name: String,
    /// What stands before an amount.
    pub symbol: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What one and many are called.
    pub units: Option<Units>,
    /// What happens when the balance is short.
    pub overdraft: Option<String>,
    /// What one credit costs.
    pub unit_cost: Option<Money>,
    /// What its owner keeps with it.
    #[serde(default)]
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Instant,
    /// When it was archived.
    pub archived_at: Option<Instant>,
}

/// What one and many are called.
#[derive(Clone, Debug, Deserialize)]
pub struct Units {
    /// One.
    pub singular: String,
    /// Many.
    pub plural: String,
}

/// An amount of money.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of which money.
    pub currency: String,
}

/// All currencies of an environment, or those of a customer's wallets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Currencies(Vec<Currency>);

impl Money {
    /// `49 USD`; nothing where it costs nothing.
    pub fn in_words(&self) -> Option<String> {
        let is_free = self.amount == Amount::ZERO;
        (!is_free).then(|| format!("{} {}", self.amount, self.currency.to_uppercase()))
    }
}

const CURRENCIES: &str = "/api/v1/credits/custom-currencies";

impl Currency {
    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("{CURRENCIES}/{}{operation}", segment(id))
    }

    /// The address of one of its dialogs below an environment's.
    pub fn path(&self, dialog: &str) -> String {
        format!("/currencies/{}{dialog}", segment(&self.id))
    }

    /// What happens when the balance is short, in words.
    pub fn when_short(&self) -> &'static str {
        if self.overdraft.as_deref() == Some(DENY) { "Refuses" } else { "Overdraws" }
    }

    /// In a word.
    pub fn status(&self) -> &'static str {
        if self.archived_at.is_some() { "ARCHIVED" } else { "ACTIVE" }
    }
}

impl Currencies {
    /// All that live, for which an environment has a hundred places, and the newest archived ones.
    pub async fn all(api: &Api) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for status in ["ACTIVE", "ARCHIVED"] {
            let target = format!("{CURRENCIES}?status={status}&limit=100");
            let currencies: Listed<Currency> = api.list(&target).await?;
            all.extend(currencies.data);
        }
        Ok(Self(all))
    }

    /// One after the other: those that live, then archived ones, each newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Currency> {
        self.0.iter()
    }

    /// Those that live.
    pub fn live(&self) -> impl Iterator<Item = &Currency> {
        self.0.iter().filter(|currency| currency.archived_at.is_none())
    }

    /// The one of this identifier that lives, or else the newest.
    pub fn find(&self, id: &str) -> Option<&Currency> {
        let live = self.live().find(|currency| currency.id == id);
        live.or_else(|| self.0.iter().find(|currency| currency.id == id))
    }

    /// Whether it is the newest of its identifier, of which none lives: that one can come back.
    pub fn can_come_back(&self, currency: &Currency) -> bool {
        currency.archived_at.is_some()
            && self.find(&currency.id).is_some_and(|first| std::ptr::eq(first, currency))
    }

    /// What it is called.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.find(id).map_or(id, |currency| &currency.display_name)
    }

    /// What many are called, in a sentence.
    pub fn unit<'a>(&'a self, id: &'a str) -> &'a str {
        let units = self.find(id).and_then(|currency| currency.units.as_ref());
        units.map_or_else(|| self.name(id), |units| &units.plural)
    }

    /// `1,200 tokens`.
    pub fn in_words(&self, id: &str, amount: Amount) -> String {
        let units = self.find(id).and_then(|currency| currency.units.as_ref());
        match units {
            Some(units) if amount == Amount::ONE => format!("{amount} {}", units.singular),
            _ => format!("{amount} {}", self.unit(id)),
        }
    }
}
