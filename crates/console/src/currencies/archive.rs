//! `/currencies/{currency}/archive` and `…/unarchive`.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::model::{Currencies, Currency};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Done, Refusal};
use crate::component::event_name;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A currency is archived.
pub struct ArchiveCurrency(Currency);
/// An archived currency comes back.
pub struct UnarchiveCurrency(Currency);

async fn find(visit: &Visit) -> Result<Currency, Failure> {
    let currencies = Currencies::all(&visit.api).await?;
    currencies.find(visit.path("currency")).cloned().ok_or(Failure::NotFound)
}

fn heading(title: &'static str, visit: &Visit) -> Heading<'static> {
    Heading::of(title, Section::Currencies).below("Currencies", visit.address("/currencies"))
}

fn what(currency: &Currency) -> String {
    format!("Currency {}", currency.display_name)
}

async fn state(visit: &Visit, id: &str) -> Result<Vec<String>, Failure> {
    let currencies = Currencies::all(&visit.api).await?;
    Ok(vec![event_name(currencies.find(id).map_or("–", Currency::status))])
}

fn back(visit: &Visit) -> (String, String) {
    ("To all currencies".to_owned(), visit.address("/currencies"))
}

impl Deed for ArchiveCurrency {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Archive currency", visit)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! {
            p { "No credits of it can be granted any more. What was granted can be consumed." }
        };
        Ok(Plan {
            lines: vec![Line::of(what(&self.0), event_name(self.0.status()), "Archived")],
            notes: Some(notes),
            verb: "Archive the currency",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Currency::target(&self.0.id, "/archive"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        state(visit, &self.0.id).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The currency was archived.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for UnarchiveCurrency {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Bring currency back", visit)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        if self.0.archived_at.is_none() {
            let message = format!(
                "{} lives and has the id {}: no other currency of this id can come back beside it.",
                self.0.display_name, self.0.id
            );
            let (status, code) = (StatusCode::CONFLICT, "DuplicatedEntityNotAllowed".to_owned());
            return Err(Failure::Refused(Refusal { status, code, message }));
        }
        let notes = html! {
            p { "It is as it was: credits of it can be granted again. It is refused if another "
                "currency is made with its id meanwhile." }
        };
        Ok(Plan {
            lines: vec![Line::of(what(&self.0), event_name(self.0.status()), "Active")],
            notes: Some(notes),
            verb: "Bring the currency back",
            is_dangerous: false,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Currency::target(&self.0.id, "/unarchive"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        state(visit, &self.0.id).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The currency was brought back.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
