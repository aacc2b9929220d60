//! `/new/webhook`.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// An endpoint is added.
pub struct CreateWebhook;

impl Deed for CreateWebhook {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("New endpoint", Section::Webhooks).below("Webhooks", visit.address("/webhooks"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required("url", "Address", Kind::Url).hint("Where events are sent by POST"),
            Field::optional("description", "Description", Kind::Text),
            Field::optional("eventTypes", "Events", Kind::Text)
                .hint("Names, separated by commas, as in credit_grant.created; empty is all"),
        ]
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let told_of = form.text("eventTypes").unwrap_or("everything");
        let lines =
            vec![Line::of("Endpoint", "–", form.written("url")), Line::of("Told of", "–", told_of)];
        let notes = html! {
            p { "It is told of what happens from now on. Its secret is shown once, on the next "
                "page: whoever receives events checks their signatures with it." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Add the endpoint", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        for name in ["url", "description"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        let names = names_of(form);
        if !names.is_empty() {
            body.insert("eventTypes".to_owned(), json!(names));
        }
        Operation::post("/api/v1/webhooks", Value::Object(body))
    }

    async fn state(&self, _: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let told_of = form.text("eventTypes").unwrap_or("everything");
        Ok(vec![form.written("url").to_owned(), told_of.to_owned()])
    }

    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>) {
        let text = |name: &str| done.data.get(name).and_then(Value::as_str);
        let address = visit.address(&format!("/webhooks/{}", text("id").unwrap_or_default()));
        let more = html! {
            (secret(&done.data))
            p { a href=(address) { "To the endpoint" } }
        };
        ("The endpoint was added.".to_owned(), Some(more))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all endpoints".to_owned(), visit.address("/webhooks"))
    }
}

/// The names of events that are written into a form; none is all of them.
pub fn names_of(form: &Form) -> Vec<&str> {
    let names = form.written("eventTypes").split(',');
    names.map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The secret of an endpoint, where the answer that made it has it.
pub fn secret(data: &Value) -> Markup {
    html! {
        @if let Some(secret) = data.get("secret").and_then(Value::as_str) {
            div.card {
                h2 { "Its secret" }
                code.secret { (secret) }
                p.quiet { "Keep it where the receiver finds it." }
            }
        }
    }
}
