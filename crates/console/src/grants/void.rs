//! `/customers/{id}/grants/{grant}/void`: takes back what is left of a grant.

use maud::{Markup, html};

use super::model::Grant;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Amount, event_name};
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, available_in_words};

/// A grant is taken back.
pub struct VoidGrant {
    grant: Grant,
    currencies: Currencies,
}

impl VoidGrant {
    async fn wallet(&self, visit: &Visit) -> Result<Option<Wallet>, Failure> {
        Wallet::find(&visit.api, &self.grant.customer_id, &self.grant.wallet()).await
    }

    fn available(&self, wallet: Option<&Wallet>) -> String {
        available_in_words(wallet, &self.grant.wallet(), &self.currencies)
    }
}

impl Deed for VoidGrant {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let grant = Grant::get(&visit.api, visit.path("grant")).await?;
        if grant.customer_id != visit.path("id") {
            return Err(Failure::NotFound);
        }
        Ok(Self { grant, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let customer = crate::customers::model::path_of(&self.grant.customer_id);
        Heading::of("Void grant", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.grant.customer_id.as_str(), visit.address(&customer))
            .below(self.grant.display_name.as_str(), visit.address(&self.grant.path()))
    }

    async fn plan(&self, visit: &Visit, _: &Form) -> Result<Plan, Failure> {
        let wallet = self.wallet(visit).await?;
        let counts = self.grant.status == "ACTIVE";
        // What is held of the grant stays until its hold ends; the wallet says how much is held.
        let held = wallet.as_ref().map(|wallet| wallet.reserved).unwrap_or_default();
        let after = match &wallet {
            Some(wallet) if counts && held == Amount::ZERO => {
                let after = wallet.available.minus(self.grant.left()).unwrap_or_default();
                self.currencies.in_words(&self.grant.currency_id, after)
            }
            Some(_) if counts => format!("less by up to {}", self.grant.left()),
            _ => self.available(wallet.as_ref()),
        };
        let lines = vec![
            Line::of("Grant", event_name(&self.grant.status), "Voided"),
            Line::of("Available in the wallet", self.available(wallet.as_ref()), after),
        ];
        let notes = html! {
            p { (self.grant.left()) " of " (self.grant.amount) " are left and are taken back. What "
                "was consumed stays consumed. It cannot be undone; credits can be granted anew." }
            @if held != Amount::ZERO {
                p { (held) " are held in the wallet: what is held of this grant goes when its "
                    "reservation ends." }
            }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Void the grant", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Grant::target(&self.grant.id, "/void"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let grant = Grant::get(&visit.api, &self.grant.id).await?;
        let wallet = self.wallet(visit).await?;
        Ok(vec![event_name(&grant.status), self.available(wallet.as_ref())])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        (format!("The grant {} was voided.", self.grant.display_name), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the grant".to_owned(), visit.address(&self.grant.path()))
    }
}
