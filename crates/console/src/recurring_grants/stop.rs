//! `/customers/{id}/recurring-grants/{recurring}/stop`: no grant is made any more.

use maud::{Markup, html};

use super::model::{RecurringGrant, list_of};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A recurring grant ends. It has ended already when the button is pressed a second time.
pub struct Stop {
    customer: String,
    id: String,
    recurring: Option<RecurringGrant>,
    currencies: Currencies,
}

impl Stop {
    fn in_words(&self, recurring: Option<&RecurringGrant>) -> [String; 2] {
        match recurring {
            Some(recurring) => [recurring.in_words(&self.currencies), recurring.next()],
            None => ["Ended".to_owned(), "none".to_owned()],
        }
    }
}

impl Deed for Stop {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Ok(Self {
            customer: visit.path("id").to_owned(),
            id: visit.path("recurring").to_owned(),
            recurring: RecurringGrant::of(visit).await?,
            currencies: Currencies::all(&visit.api).await?,
        })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let customer = crate::customers::model::path_of(&self.customer);
        Heading::of("Stop recurring grant", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.as_str(), visit.address(&customer))
            .below("Recurring", visit.address(&list_of(&self.customer)))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let recurring = self.recurring.as_ref().ok_or(Failure::NotFound)?;
        let [each, next] = self.in_words(Some(recurring));
        let [ended, none] = self.in_words(None);
        let notes = html! {
            p { "What " strong { (recurring.display_name) } " gave stays until its own end; it can be "
                "voided by itself. Stopping cannot be undone, but another one can be made." }
        };
        Ok(Plan {
            lines: vec![
                Line::of("Recurring grant", each, ended),
                Line::of("Next grant", next, none),
            ],
            notes: Some(notes),
            verb: "Stop the recurring grant",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(RecurringGrant::target(&self.id))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let recurring = RecurringGrant::find(&visit.api, &self.id).await?;
        Ok(self.in_words(recurring.as_ref()).into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The recurring grant was stopped.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the recurring grants".to_owned(), visit.address(&list_of(&self.customer)))
    }
}
