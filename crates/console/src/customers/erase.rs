//! `/customers/{id}/erase`: what was written of a customer goes.

use maud::{Markup, html};

use super::model::Customer;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Repeated};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// What was written of a customer is erased.
pub struct EraseCustomer(Customer);

const REPEATED: Repeated =
    Repeated { field: "customerId", label: "Customer id, once more", noun: "customer" };

/// How it stands with what is written, without saying it again.
fn written(customer: &Customer) -> [(&'static str, String); 3] {
    let word = |text: &Option<String>| match text {
        Some(_) => "Written".to_owned(),
        None => NOTHING.to_owned(),
    };
    let metadata = match customer.metadata.len() {
        0 => NOTHING.to_owned(),
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    [("Name", word(&customer.name)), ("Email", word(&customer.email)), ("Metadata", metadata)]
}

const NOTHING: &str = "–";

impl Deed for EraseCustomer {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Ok(Self(Customer::get(&visit.api, visit.path("id")).await?))
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Erase what was written", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.0.title(), visit.address(&self.0.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        REPEATED.fields()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        REPEATED.check(form, &self.0.id)?;
        let lines = written(&self.0).map(|(what, before)| Line::of(what, before, NOTHING));
        let notes = html! {
            p { "Names, comments, metadata and dimensions of grants, reservations, consumptions \
                 and ledger rows go with it, and what the audit log says of them. Amounts, times, \
                 identifiers and the chain of hashes stay: balances and totals are what they \
                 were." }
            p { strong { "It cannot be taken back." }
                " Backups and exports that were made before keep what they have. It may take \
                 minutes for a customer with very many rows." }
        };
        Ok(Plan {
            lines: lines.into(),
            notes: Some(notes),
            verb: "Erase what was written",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Customer::target(&self.0.id, "/erase"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let customer = Customer::get(&visit.api, &self.0.id).await?;
        Ok(written(&customer).map(|(_, now)| now).into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("What was written of the customer was erased.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.0.path()))
    }
}
