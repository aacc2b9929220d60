//! `/customers/{id}/archive`: archives a customer, or brings one back.

use maud::{Markup, html};

use super::model::Customer;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A customer is archived, or is brought back.
pub struct ArchiveCustomer(Customer);

impl ArchiveCustomer {
    fn brings_back(&self) -> bool {
        self.0.archived_at.is_some()
    }
}

impl Deed for ArchiveCustomer {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Ok(Self(Customer::get(&visit.api, visit.path("id")).await?))
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let title = if self.brings_back() { "Bring customer back" } else { "Archive customer" };
        Heading::of(title, Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.0.title(), visit.address(&self.0.path()))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let (after, verb) = match self.brings_back() {
            true => ("Active", "Bring the customer back"),
            false => ("Archived", "Archive the customer"),
        };
        let lines = vec![Line::of("Status", word(&self.0), after)];
        let notes = (!self.brings_back()).then(|| html! {
            p { "An archived customer is given no credits and consumes none; auto-recharge rests. \
                 Credits stay, and expire when they would. It can be brought back." }
        });
        Ok(Plan { lines, notes, verb, is_dangerous: !self.brings_back() })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        // What was decided on, even if somebody else was faster: the form says what it was.
        let was_archived = form.all("before").any(|before| before == "Archived");
        let operation = if was_archived { "/unarchive" } else { "/archive" };
        Operation::post_nothing(Customer::target(&self.0.id, operation))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let customer = Customer::get(&visit.api, &self.0.id).await?;
        Ok(vec![word(&customer).to_owned()])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let is_archived = done.data.get("archivedAt").is_some_and(|at| !at.is_null());
        let deed = if is_archived { "archived" } else { "brought back" };
        (format!("The customer was {deed}."), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.0.path()))
    }
}

fn word(customer: &Customer) -> &'static str {
    if customer.archived_at.is_some() { "Archived" } else { "Active" }
}
