//! `/webhooks/{webhook}/edit` and `…/rotate`: where an endpoint is, of what it is told, and by which secret it
//! knows us.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::change::{back, find, heading};
use super::create::{names_of, secret};
use super::model::Webhook;
use crate::action::{Changes, Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind, Overlaps};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// An endpoint is changed.
pub struct Edit(Webhook);
/// An endpoint gets a new secret.
pub struct Rotate(Webhook);

const ADDRESS: &str = "Address";
const DESCRIPTION: &str = "Description";
const EVENTS: &str = "Told of";

/// How long deliveries are signed with the old secret beside the new one.
const OVERLAPS: Overlaps = Overlaps([
    ("0", "Signs nothing any more"),
    ("3600", "Signs for another hour"),
    ("86400", "Signs for another day"),
    ("604800", "Signs for another week"),
]);

fn told_of(names: &[&str]) -> String {
    if names.is_empty() { "everything".to_owned() } else { names.join(", ") }
}

fn lines_of(webhook: &Webhook) -> [(&'static str, String); 3] {
    [
        (ADDRESS, webhook.url.clone()),
        (DESCRIPTION, webhook.description.as_deref().unwrap_or("–").to_owned()),
        (EVENTS, webhook.told_of()),
    ]
}

impl Deed for Edit {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Edit endpoint", visit, &self.0)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required("url", ADDRESS, Kind::Url).hint("What is pending goes to the new one"),
            Field::optional("description", DESCRIPTION, Kind::Text),
            Field::optional("eventTypes", "Events", Kind::Text)
                .hint("Names, separated by commas, as in credit_grant.created; empty is all"),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([
            ("url", self.0.url.as_str()),
            ("description", self.0.description.as_deref().unwrap_or_default()),
            ("eventTypes", &self.0.event_types.join(", ")),
        ])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let url = form.text("url").ok_or_else(|| Failure::of_field("url must not be empty"))?;
        let description = form.text("description").unwrap_or("–");
        let after = [url, description, &told_of(&names_of(form))].map(str::to_owned);
        let lines = Line::each(lines_of(&self.0), after);
        let notes = html! { p { "What happened before is told as it was asked for then." } };
        Plan::of_changes(lines, Some(notes), "Change the endpoint")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut changes = Changes::of(form);
        changes.put("url", ADDRESS, form.written("url"), json!(form.written("url")));
        let description = form.text("description");
        changes.put("description", DESCRIPTION, description.unwrap_or("–"), json!(description));
        let names = names_of(form);
        let value = if names.is_empty() { Value::Null } else { json!(names) };
        changes.put("eventTypes", EVENTS, &told_of(&names), value);
        Operation::patch(Webhook::target(&self.0.id, ""), changes.body())
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let webhook = Webhook::get(&visit.api, &self.0.id).await?;
        Ok(lines_of(&webhook).map(|(_, words)| words).into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The endpoint was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}

impl Deed for Rotate {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Rotate the endpoint's secret", visit, &self.0)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![OVERLAPS.field()]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Overlaps::prefilled()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = vec![
            Line::of("The secret in use", "signs", OVERLAPS.chosen(form)),
            Line::of("A new secret", "–", "is shown once, on the next page"),
        ];
        let notes = html! {
            p { "Meanwhile deliveries are signed with both, so that the receiver can change over "
                "without missing one." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Rotate the secret", is_dangerous: true })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post(Webhook::target(&self.0.id, "/rotate-secret"), Overlaps::body(form))
    }

    async fn state(&self, _: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let old = if Overlaps::goes_on(form) {
            "signs beside the new one"
        } else {
            "signs nothing any more"
        };
        Ok(vec![old.to_owned(), "is made".to_owned()])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        ("The endpoint has a new secret.".to_owned(), Some(secret(&done.data)))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}
