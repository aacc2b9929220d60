//! `/new/api-key`.

use maud::Markup;
use scrip_ledger::{Permissions, Scope};
use serde_json::{Map, Value, json};

use super::model::secret;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Choice, Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A key is made.
pub struct CreateKey;

/// What a scope allows, in words.
fn allows(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read: everything but API keys",
        Scope::Grants => "grants: give credits, take them back, settle invoices",
        Scope::Consumption => "consumption: burn credits, reserve and refund them",
        Scope::Customers => "customers: make and change them",
        Scope::Settings => "settings: currencies, webhooks, the payment provider, the test clock",
    }
}

impl Deed for CreateKey {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("New API key", Section::ApiKeys).below("API keys", visit.address("/api-keys"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let mut scopes: Vec<Choice> =
            Scope::ALL.into_iter().map(|scope| Choice::of(scope.as_str(), allows(scope))).collect();
        scopes.push(Choice::of(Permissions::FULL, "full: everything, alone"));
        vec![
            Field::required("name", "Name", Kind::Text).hint("Of the program that uses it"),
            Field::required("scopes", "It may", Kind::Many(scopes)),
            Field::optional("expiresAt", "Ends", Kind::Instant).hint("In UTC; empty is never"),
        ]
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let scopes: Vec<&str> = form.all("scopes").collect();
        if scopes.is_empty() {
            return Err(Failure::of_field("scopes must name at least one scope"));
        }
        let environment = visit.visitor.environment.name.as_str();
        let lines = vec![
            Line::of("Key", "–", form.written("name")),
            Line::of("Environment", "–", environment),
            Line::of("It may", "–", scopes.join(", ")),
            Line::of("Ends", "–", form.text("expiresAt").unwrap_or("never")),
        ];
        Ok(Plan { lines, notes: None, verb: "Make the key", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        for name in ["name", "expiresAt"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        let scopes: Vec<&str> = form.all("scopes").collect();
        body.insert("scopes".to_owned(), json!(scopes));
        Operation::post("/api/v1/api-keys", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let scopes: Vec<&str> = form.all("scopes").collect();
        let environment = visit.visitor.environment.name.as_str();
        let ends = form.text("expiresAt").unwrap_or("never");
        let values = [form.written("name"), environment, &scopes.join(", "), ends];
        Ok(values.map(str::to_owned).into())
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        ("The key was made.".to_owned(), Some(secret(&done.data)))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all keys".to_owned(), visit.address("/api-keys"))
    }
}
