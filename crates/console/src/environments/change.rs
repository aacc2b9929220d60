//! `/environments/{id}/reset` and `…/archive`: an environment begins anew, or ends.

use maud::{Markup, html};

use super::model::{Environment, back, heading};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Repeated, event_name};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// A sandbox is emptied.
pub struct Reset(Environment);
/// An environment ends.
pub struct Archive(Environment);

const REPEATED: Repeated =
    Repeated { field: "environmentId", label: "Environment id, once more", noun: "environment" };

impl Environment {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Self::get(visit, visit.path("id")).await
    }

    /// Refuses what is meant for another one, or for one that has ended.
    fn check(&self, form: &Form) -> Result<(), Failure> {
        REPEATED.check(form, &self.id)?;
        if self.archived_at.is_some() {
            return Err(REPEATED.refuse(&format!("{} is archived", self.id)));
        }
        Ok(())
    }

    fn reset(&self) -> String {
        self.reset_at.clone().unwrap_or_else(|| "never".to_owned())
    }
}

impl Deed for Reset {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Environment::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Reset environment", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        REPEATED.fields()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        self.0.check(form)?;
        if !self.0.is_sandbox() {
            let why = format!("{} is no sandbox, and is not reset", self.0.id);
            return Err(REPEATED.refuse(&why));
        }
        let notes = html! {
            p { strong { "Gone is everything in it: " } "customers, currencies, grants, ledger rows, \
                webhooks, the payment provider, the moved clock, and what was remembered under \
                idempotency keys. It cannot be taken back." }
            p { strong { "What stays: " } "its id, its name, its API keys with their secrets, and the \
                people who may look at it. Other environments are untouched." }
        };
        Ok(Plan {
            lines: vec![Line::of("Reset", self.0.reset(), "now")],
            notes: Some(notes),
            verb: "Reset the environment",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Environment::target(&self.0.id, "/reset"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![Environment::get(visit, &self.0.id).await?.reset()])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        let link = html! { p { a href={ "/console/" (self.0.id) } { "To its overview" } } };
        (format!("The environment {} was reset.", self.0.id), Some(link))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for Archive {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Environment::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Archive environment", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        REPEATED.fields()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        self.0.check(form)?;
        let notes = html! {
            p { "Its API keys are refused, at once. Time stands still in it: nothing expires or renews, \
                nobody is told of anything, and no payment is collected." }
            p { strong { "It is for good." } " The people of the account can read it, and its id is \
                given to no other." }
        };
        Ok(Plan {
            lines: vec![Line::of("Status", event_name(&self.0.status), "Archived")],
            notes: Some(notes),
            verb: "Archive the environment",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Environment::target(&self.0.id, "/archive"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![event_name(&Environment::get(visit, &self.0.id).await?.status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        (format!("The environment {} was archived.", self.0.id), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
