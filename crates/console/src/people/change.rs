//! `/people/{person}/role`, `…/status` and `…/remove`.

use maud::{Markup, html};
use serde_json::json;

use super::model::{Person, back, heading, roles};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind, event_name};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// Somebody gets another role.
pub struct SetRole(Person);
/// Somebody may nothing for a while, or again what they might.
pub struct SetStatus(Person);
/// Somebody belongs to the account no more.
pub struct Remove(Person);

async fn find(visit: &Visit) -> Result<Person, Failure> {
    Person::get(&visit.api, visit.path("person")).await
}

impl Deed for SetRole {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Change role", visit, &self.0)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![Field::required("role", "Role", Kind::One(roles()))]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([("role", self.0.role())])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let after = form.written("role").to_lowercase();
        let lines = vec![Line::of("Role", self.0.role().to_lowercase(), after)];
        Ok(Plan { lines, notes: None, verb: "Change the role", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::patch(Person::target(&self.0.id, ""), json!({"role": form.written("role")}))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![Person::get(&visit.api, &self.0.id).await?.role().to_lowercase()])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("They have another role.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl SetStatus {
    fn after(&self) -> &'static str {
        if self.0.status == "DISABLED" { "ACTIVE" } else { "DISABLED" }
    }
}

impl Deed for SetStatus {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let title = if self.0.status == "DISABLED" { "Enable" } else { "Disable" };
        heading(title, visit, &self.0)
    }

    /// What is wanted stands in the form, so that sending it twice does it once.
    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([("status", self.after())])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let is_disabled = form.written("status") == "DISABLED";
        let notes = is_disabled.then(|| {
            html! { p { "They may nothing in this account, at once, until they are enabled." } }
        });
        let lines = vec![Line::of(
            "Status",
            event_name(&self.0.status),
            event_name(form.written("status")),
        )];
        let verb = if is_disabled { "Disable them" } else { "Enable them" };
        Ok(Plan { lines, notes, verb, is_dangerous: is_disabled })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::patch(Person::target(&self.0.id, ""), json!({"status": form.written("status")}))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![event_name(&Person::get(&visit.api, &self.0.id).await?.status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("Their status was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for Remove {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Remove from the account", visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! {
            p { "They are let in no more, at once. What they did stays in the ledger and in the audit "
                "log, under their name." }
        };
        let lines = vec![Line::of("Role", self.0.role().to_lowercase(), "nothing")];
        Ok(Plan { lines, notes: Some(notes), verb: "Remove them", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(Person::target(&self.0.id, ""))
    }

    async fn state(&self, _: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec!["nothing".to_owned()])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("They were removed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
