//! `/api-keys/{key}/rotate` and `…/revoke`.

use maud::{Markup, html};

use super::model::{Key, secret};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Overlaps, event_name};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A key gets a new secret.
pub struct Rotate(Key);
/// A key lets nobody in any more.
pub struct Revoke(Key);

/// How long the old secret is good beside the new one.
const OVERLAPS: Overlaps = Overlaps([
    ("0", "Ends at once"),
    ("3600", "Is good for another hour"),
    ("86400", "Is good for another day"),
    ("604800", "Is good for another week"),
]);

async fn find(visit: &Visit) -> Result<Key, Failure> {
    Key::get(&visit.api, visit.path("key")).await
}

fn heading<'a>(title: &'a str, visit: &Visit, key: &Key) -> Heading<'a> {
    Heading::of(title, Section::ApiKeys)
        .below("API keys", visit.address("/api-keys"))
        .below(key.title(), visit.address("/api-keys"))
}

fn back(visit: &Visit) -> (String, String) {
    ("To all keys".to_owned(), visit.address("/api-keys"))
}

impl Deed for Rotate {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Rotate key", visit, &self.0)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![OVERLAPS.field()]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Overlaps::prefilled()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = vec![
            Line::of("The secret in use", "is good", OVERLAPS.chosen(form)),
            Line::of("A new secret", "–", "is shown once, on the next page"),
        ];
        Ok(Plan { lines, notes: None, verb: "Rotate the key", is_dangerous: true })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post(Key::target(&self.0.id, "/rotate-secret"), Overlaps::body(form))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let key = Key::get(&visit.api, &self.0.id).await?;
        let old = key.previous_secret_ends_at.map(|at| format!("is good until {at}"));
        let new = key.secret_hint.map(|hint| format!("ends with {hint}"));
        Ok(vec![
            old.unwrap_or_else(|| "has ended".to_owned()),
            new.unwrap_or_else(|| "is made".to_owned()),
        ])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        ("The key has a new secret.".to_owned(), Some(secret(&done.data)))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for Revoke {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Revoke key", visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let used = self.0.last_used_at.as_deref().unwrap_or("never, as far as it is written");
        let notes = html! {
            p { "Programs that use it are let in no more, at once. It cannot be undone. It was used "
                "last: " (used) "." }
        };
        Ok(Plan {
            lines: vec![Line::of("Key", event_name(&self.0.status), "Revoked")],
            notes: Some(notes),
            verb: "Revoke the key",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(Key::target(&self.0.id, ""))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let key = Key::get(&visit.api, &self.0.id).await?;
        Ok(vec![event_name(&key.status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The key was revoked.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
