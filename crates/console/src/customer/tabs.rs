//! What all pages of a customer have in common.

use maud::{Markup, html};

use crate::component::badge;
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName};

/// A page of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What it has.
    Wallets,
    /// What it used.
    Usage,
    /// What it was given.
    Grants,
    /// Everything that happened.
    Ledger,
    /// Why a balance is what it is.
    Balance,
    /// What is set aside.
    Reservations,
    /// What is given anew each period.
    Recurring,
    /// What buys credits by itself.
    Recharge,
    /// What it pays.
    Invoices,
}

const TABS: [(Tab, &str, &str); 9] = [
    (Tab::Wallets, "Wallets", ""),
    (Tab::Usage, "Usage", "/usage"),
    (Tab::Grants, "Grants", "/grants"),
    (Tab::Ledger, "Ledger", "/ledger"),
    (Tab::Balance, "Why this number", "/balance"),
    (Tab::Reservations, "Reservations", "/reservations"),
    (Tab::Recurring, "Recurring", "/recurring-grants"),
    (Tab::Recharge, "Auto-recharge", "/auto-recharge"),
    (Tab::Invoices, "Invoices", "/invoices"),
];

/// What every page of a customer needs to know.
pub struct CustomerPage {
    /// Where, and who looks.
    pub visit: Visit,
    /// Whose page.
    pub customer: Customer,
    /// What it has.
    pub wallets: Vec<Wallet>,
    /// What that is called.
    pub currencies: Currencies,
}

impl CustomerPage {
    /// What is known of the customer in the address.
    pub async fn of(visit: Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        let wallets = Wallet::all_of(&visit.api, &customer.id).await?;
        let currencies = Currencies::all(&visit.api).await?;
        Ok(Self { visit, customer, wallets, currencies })
    }

    /// The wallet that the address names, or else the first.
    pub fn wallet(&self) -> Option<WalletName> {
        let first = || self.wallets.first().map(Wallet::name);
        WalletName::of_query(&self.visit).or_else(first)
    }

    /// The address of another page of the customer.
    pub fn address(&self, path: &str) -> String {
        self.visit.address(&format!("{}{path}", self.customer.path()))
    }

    /// The page.
    pub fn show(&self, tab: Tab, actions: Option<Markup>, contents: Markup) -> Shown {
        let (_, title, _) = TABS.into_iter().find(|(of, ..)| *of == tab).unwrap_or(TABS[0]);
        let name = self.customer.title();
        let mut heading = Heading::of(name, Section::Customers)
            .below("Customers", self.visit.address("/customers"))
            .also(title);
        heading.actions = actions;
        self.visit.page(
            &heading,
            html! {
                p.subtitle {
                    code { (self.customer.id) }
                    @if let Some(email) = &self.customer.email { " · " (email) }
                    @if self.customer.archived_at.is_some() { " " (badge("ARCHIVED")) }
                }
                nav.tabs aria-label="Customer" {
                    ul {
                        @for (of, title, path) in TABS {
                            li { a href=(self.address(path))
                                aria-current=[(of == tab).then_some("page")] { (title) } }
                        }
                    }
                }
                (contents)
            },
        )
    }
}
