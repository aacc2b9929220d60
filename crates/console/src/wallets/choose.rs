//! Which wallet of a customer a page is about.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::Wallet;
use crate::component::Choice;
use crate::currencies::model::Currencies;
use crate::form::Form;
use crate::visit::Visit;

/// A wallet within its customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalletName {
    /// What it counts.
    pub currency: String,
    /// What it is for; none is the customer's own.
    pub resource: Option<String>,
}

impl WalletName {
    /// The wallet that a form is about.
    pub fn of_form(form: &Form) -> Self {
        Self {
            currency: form.written("currencyId").to_owned(),
            resource: form.text("resourceId").map(str::to_owned),
        }
    }

    /// The wallet that an address is about, if it names one.
    pub fn of_query(visit: &Visit) -> Option<Self> {
        let currency = visit.query("currencyId")?.to_owned();
        Some(Self { currency, resource: visit.query("resourceId").map(str::to_owned) })
    }

    /// The members of an operation's query.
    pub fn query(&self) -> [(&str, Option<&str>); 2] {
        [("currencyId", Some(&self.currency)), ("resourceId", self.resource.as_deref())]
    }

    /// The members of an operation's body that name it.
    pub fn members(&self, customer: &str) -> Map<String, Value> {
        let named = [("customerId", Some(customer))].into_iter().chain(self.query());
        let member = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), value?.into()));
        named.filter_map(member).collect()
    }

    /// In words.
    pub fn title(&self, currencies: &Currencies) -> String {
        let currency = currencies.name(&self.currency);
        match &self.resource {
            None => currency.to_owned(),
            Some(resource) => format!("{currency} · {resource}"),
        }
    }
}

/// The currencies that a form can be about: those that live.
pub fn wallet_choices(currencies: &Currencies) -> Vec<Choice> {
    let live = currencies.live();
    live.map(|currency| Choice::of(&currency.id, &currency.display_name)).collect()
}

/// Links to the same page of each of the customer's wallets.
pub fn wallet_filter(
    visit: &Visit,
    wallets: &[Wallet],
    chosen: Option<&WalletName>,
    currencies: &Currencies,
) -> Markup {
    let forgotten = ["after", "before", "currencyId", "resourceId"];
    html! {
        @if wallets.len() > 1 {
            nav.tabs.wallets-of aria-label="Wallet" {
                ul {
                    @for wallet in wallets {
                        @let name = wallet.name();
                        @let query: Vec<(&str, &str)> = name.query().into_iter()
                            .filter_map(|(name, value)| Some((name, value?))).collect();
                        li { a href=(visit.here_with(&forgotten, &query))
                            aria-current=[(chosen == Some(&name)).then_some("true")] {
                            (name.title(currencies)) } }
                    }
                }
            }
        }
    }
}
