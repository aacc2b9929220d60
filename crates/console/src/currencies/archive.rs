//! `/currencies/{currency}/archive`.

use maud::{Markup, html};

use super::model::{Currencies, Currency};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Done, segment};
use crate::component::event_name;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A currency is archived.
pub struct ArchiveCurrency(Currency);

impl Deed for ArchiveCurrency {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let currencies = Currencies::all(&visit.api).await?;
        currencies.find(visit.path("currency")).cloned().map(Self).ok_or(Failure::NotFound)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Archive currency", Section::Currencies)
            .below("Currencies", visit.address("/currencies"))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let what = format!("Currency {}", self.0.display_name);
        let notes = html! {
            p { "No credits of it can be granted any more. What was granted can be consumed." }
        };
        Ok(Plan {
            lines: vec![Line::of(what, event_name(self.0.status()), "Archived")],
            notes: Some(notes),
            verb: "Archive the currency",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        let id = segment(&self.0.id);
        Operation::post_nothing(format!("/api/v1/credits/custom-currencies/{id}/archive"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let currencies = Currencies::all(&visit.api).await?;
        let status = currencies.find(&self.0.id).map_or("–", Currency::status);
        Ok(vec![event_name(status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The currency was archived.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all currencies".to_owned(), visit.address("/currencies"))
    }
}
