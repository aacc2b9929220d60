//! `/invoices/{invoice}/retry`: what a provider could not collect is collected again.

use maud::{Markup, html};

use super::model::Invoice;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::event_name;
use crate::failure::Failure;
use crate::form::Form;
use crate::grants::model::Grant;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The provider tries once more.
pub struct Retry {
    invoice: Invoice,
    grant: Grant,
}

impl Retry {
    /// How it stands, in the order of the plan's lines.
    fn stands(&self) -> [String; 3] {
        let Self { invoice, grant } = self;
        let payment = event_name(&grant.payment_collection);
        [event_name(&invoice.status), payment, invoice.attempt_count.to_string()]
    }
}

impl Deed for Retry {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let invoice = Invoice::get(&visit.api, visit.path("invoice")).await?;
        let grant = Grant::get(&visit.api, &invoice.credit_grant_id).await?;
        Ok(Self { invoice, grant })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Collect an invoice again", Section::Invoices)
            .below("Invoices", visit.address("/invoices"))
            .below(self.invoice.id.as_str(), visit.address(&self.invoice.path()))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let attempts = self.invoice.attempt_count.saturating_add(1).to_string();
        let after = ["Paid, if it succeeds", "as the provider says", attempts.as_str()];
        let before = ["Invoice", "Its payment", "Attempts"].into_iter().zip(self.stands());
        if !self.invoice.can_be_retried(&self.grant) {
            return Err(Failure::of_field("There is no payment of it that failed."));
        }
        let notes = html! {
            @if let Some(why) = &self.invoice.error_message { p { "What went wrong: " (why) } }
            p { "The customer is asked for "
                strong { (self.invoice.total_in_words()) } " once more, with the payment method of now. \
                Money is taken once. The answer waits for what becomes of it, some seconds at most." }
        };
        Ok(Plan {
            lines: Line::each(before, after),
            notes: Some(notes),
            verb: "Collect it again",
            is_dangerous: false,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Invoice::target(&self.invoice.id, "/retry"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let now = Self {
            invoice: Invoice::get(&visit.api, &self.invoice.id).await?,
            grant: Grant::get(&visit.api, &self.grant.id).await?,
        };
        Ok(now.stands().into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("Its payment was tried again.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the invoice".to_owned(), visit.address(&self.invoice.path()))
    }
}
