//! `/new/environment`.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::model::{Environment, back, heading};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::api_keys::model::secret;
use crate::component::{Choice, Field, Kind, event_name};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// An environment is made.
pub struct CreateEnvironment;

/// By what an environment or an account is called, and what else people may call it.
pub fn names() -> [Field; 2] {
    let id = "Lower-case letters, digits and hyphens; it is given once, for ever";
    [
        Field::required("id", "Id", Kind::Text).hint(id),
        Field::optional("displayName", "Name", Kind::Text).hint("Its id, if it is empty"),
    ]
}

/// What a form says of a place that is to be made: its names, and some more members.
pub fn body(form: &Form, more: &[&str]) -> Value {
    let mut body = Map::new();
    for name in ["id", "displayName"].iter().chain(more) {
        if let Some(text) = form.text(name) {
            body.insert((*name).to_owned(), json!(text));
        }
    }
    Value::Object(body)
}

/// What people are to call it.
pub fn display_name(form: &Form) -> &str {
    form.text("displayName").unwrap_or_else(|| form.written("id"))
}

/// The first key of an environment that was made, for whoever made it and nobody else.
pub fn first_key(environment: &Value) -> Markup {
    html! {
        p { "Its first API key may everything there." }
        (secret(environment.get("apiKey").unwrap_or(&Value::Null)))
    }
}

impl Deed for CreateEnvironment {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("New environment", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let types = vec![
            Choice::of("SANDBOX", "Sandbox: for trying things; its clock can be moved"),
            Choice::of("PRODUCTION", "Production: for real"),
        ];
        let mut fields = Vec::from(names());
        fields.push(Field::required("type", "Type", Kind::One(types)));
        fields
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = vec![
            Line::of("Environment", "–", form.written("id")),
            Line::of("Name", "–", display_name(form)),
            Line::of("Type", "–", event_name(form.written("type"))),
            Line::of("Account", "–", &*visit.visitor.account_id),
        ];
        let notes = html! {
            p { "It is empty: nothing of another one is seen there. The next page shows the secret of "
                "its first API key, once." }
        };
        let verb = "Make the environment";
        Ok(Plan { lines, notes: Some(notes), verb, is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post("/api/v1/environments", body(form, &["type"]))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let made = Environment::get(visit, form.written("id")).await?;
        let environment_type = event_name(&made.environment_type);
        let account = visit.visitor.account_id.clone();
        Ok(vec![made.id, made.display_name, environment_type, account])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let id = done.data.get("id").and_then(Value::as_str).unwrap_or_default();
        let more = html! {
            (first_key(&done.data))
            p { a href={ "/console/" (id) } { "To its overview" } }
        };
        (format!("The environment {id} was made."), Some(more))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
