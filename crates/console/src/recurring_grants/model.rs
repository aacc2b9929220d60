//! A recurring grant as the API shows it.

use serde::Deserialize;

use crate::api::{Api, segment};
use crate::component::{Amount, Choice, Field, Instant, Kind};
use crate::currencies::model::Currencies;
use crate::customers::model::path_of;
use crate::failure::Failure;
use crate::visit::Visit;
use crate::wallets::WalletName;

/// Credits that are given anew each period.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecurringGrant {
    /// Its identifier.
    pub id: String,
    /// To whom.
    pub customer_id: String,
    /// In which currency.
    pub currency_id: String,
    /// For what.
    pub resource_id: Option<String>,
    /// What each period gives.
    pub amount: Amount,
    /// How long a period is.
    pub cadence: String,
    /// Where periods begin.
    pub anchor: Instant,
    /// Lower burns first.
    pub priority: u8,
    /// What its grants are called.
    pub display_name: String,
    /// When the next grant is made.
    pub next_period_at: Option<Instant>,
}

/// The list, and what a recurring grant's operations begin with.
pub const RECURRING: &str = "/api/v1/credits/recurring-grants";
const CADENCES: [(&str, &str); 2] = [("MONTH", "month"), ("YEAR", "year")];

impl RecurringGrant {
    /// The path of one of this identifier.
    pub fn target(id: &str) -> String {
        format!("{RECURRING}/{}", segment(id))
    }

    /// The one in the address, as long as it gives something; of another customer there is none.
    pub async fn of(visit: &Visit) -> Result<Option<Self>, Failure> {
        let found: Option<Self> = visit.api.find(&Self::target(visit.path("recurring"))).await?;
        Ok(found.filter(|recurring| recurring.customer_id == visit.path("id")))
    }

    /// The one of this identifier.
    pub async fn find(api: &Api, id: &str) -> Result<Option<Self>, Failure> {
        Ok(api.find(&Self::target(id)).await?)
    }

    /// The address of one of its dialogs below an environment's.
    pub fn path(&self, dialog: &str) -> String {
        format!("{}/{}{dialog}", list_of(&self.customer_id), segment(&self.id))
    }

    /// Its wallet within its customer.
    pub fn wallet(&self) -> WalletName {
        WalletName { currency: self.currency_id.clone(), resource: self.resource_id.clone() }
    }

    /// `100 tokens each month`.
    pub fn in_words(&self, currencies: &Currencies) -> String {
        each(currencies, &self.currency_id, self.amount, &self.cadence)
    }

    /// When the next grant is made, in words.
    pub fn next(&self) -> String {
        self.next_period_at.clone().unwrap_or_else(|| "–".to_owned())
    }
}

/// The list of a customer's, below an environment's address.
pub fn list_of(customer: &str) -> String {
    format!("{}/recurring-grants", path_of(customer))
}

/// How much, how often.
pub fn each(currencies: &Currencies, currency: &str, amount: Amount, cadence: &str) -> String {
    format!("{} each {}", currencies.in_words(currency, amount), period(cadence))
}

/// How long a period is, in a word.
pub fn period(cadence: &str) -> &str {
    let known = CADENCES.iter().find(|(value, _)| *value == cadence);
    known.map_or(cadence, |(_, word)| word)
}

/// What can be said of a recurring grant, now and later.
pub fn terms(anchor: &'static str) -> Vec<Field> {
    let cadences = CADENCES.map(|(value, word)| Choice::of(value, format!("Each {word}"))).into();
    vec![
        Field::required("amount", "Amount", Kind::Amount).hint("What each period gives"),
        Field::required("displayName", "Name", Kind::Text)
            .hint("What the customer sees of each grant"),
        Field::required("cadence", "How often", Kind::One(cadences)),
        Field::optional("anchor", "Periods begin at", Kind::Instant).hint(anchor),
        Field::optional("priority", "Priority", Kind::Number)
            .hint("0 to 100; lower is used first, 50 is usual"),
    ]
}

/// What a form must say before anything can be foretold.
pub fn check_name(name: Option<&str>) -> Result<(), Failure> {
    let unnamed = || Failure::of_field("displayName must not be empty");
    name.map(|_| ()).ok_or_else(unnamed)
}
