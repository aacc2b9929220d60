//! `/new/person` and `/people/{person}/link`: somebody is invited, or gets another link.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::model::{Person, back, heading, link, roles};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// Somebody is invited.
pub struct Invite;
/// Somebody gets another link.
pub struct MakeLink(Person);

impl Deed for Invite {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Invite somebody", Section::People).below("People", visit.address("/people"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required("email", "E-mail address", Kind::Text)
                .hint("By which they sign in; it cannot be changed later"),
            Field::required("role", "Role", Kind::One(roles())),
            Field::optional("displayName", "Name", Kind::Text).hint("They can choose another one"),
        ]
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = vec![
            Line::of("Person", "–", form.written("email")),
            Line::of("Account", "–", &*visit.visitor.account_id),
            Line::of("Role", "–", form.written("role").to_lowercase()),
        ];
        let notes = html! { p { "The next page shows the link by which they sign in first." } };
        Ok(Plan { lines, notes: Some(notes), verb: "Invite them", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        for name in ["email", "role", "displayName"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        Operation::post("/api/v1/people", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let account = visit.visitor.account_id.clone();
        Ok(vec![form.written("email").to_owned(), account, form.written("role").to_lowercase()])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        ("They are invited.".to_owned(), Some(link(&done.data)))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for MakeLink {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Person::get(&visit.api, visit.path("person")).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("New sign-in link", visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! {
            p { "With it they choose another password. When they do, all their sessions and all "
                "links from before are over." }
        };
        let lines = vec![Line::of("Link", "–", "is shown once, on the next page")];
        Ok(Plan { lines, notes: Some(notes), verb: "Make a link", is_dangerous: false })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Person::target(&self.0.id, "/sign-in-link"))
    }

    async fn state(&self, _: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec!["is made".to_owned()])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        ("The link was made.".to_owned(), Some(link(&done.data)))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
