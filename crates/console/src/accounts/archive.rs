//! `/accounts/{id}/archive`: an account ends with all of its environments.

use maud::{Markup, html};

use super::model::{Account, back, dialog};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Repeated, event_name};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// An account ends.
pub struct ArchiveAccount(Account);

const REPEATED: Repeated =
    Repeated { field: "accountId", label: "Account id, once more", noun: "account" };

impl Deed for ArchiveAccount {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Account::get(&visit.api, visit.path("id")).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        dialog("Archive account", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        REPEATED.fields()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let Self(account) = self;
        REPEATED.check(form, &account.id)?;
        if account.archived_at.is_some() {
            return Err(REPEATED.refuse(&format!("{} is archived", account.id)));
        }
        if account.is_first() {
            let why = "the account of whoever runs the server is not archived";
            return Err(REPEATED.refuse(why));
        }
        let notes = html! {
            p { "All of its environments end with it: their API keys are refused, at once, and time \
                stands still in them. " strong { "It is for good." } " The people of the account can \
                read them." }
        };
        Ok(Plan {
            lines: vec![Line::of("Status", event_name(&account.status), "Archived")],
            notes: Some(notes),
            verb: "Archive the account",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Account::target(&self.0.id, "/archive"))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![event_name(&Account::get(&visit.api, &self.0.id).await?.status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        (format!("The account {} was archived.", self.0.id), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
