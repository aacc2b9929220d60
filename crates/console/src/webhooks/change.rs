//! What is done with an endpoint: enabled and disabled, removed, tried.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::json;

use super::model::Webhook;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::event_name;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// An endpoint is enabled, or disabled.
pub struct Switch(Webhook);
/// An endpoint is removed. It is gone already when the button is pressed a second time.
pub struct Remove {
    id: String,
    webhook: Option<Webhook>,
}
/// An endpoint is sent an event that did not happen.
pub struct Test(Webhook);

const STATUS: &str = "Status";

/// The endpoint in the address.
pub async fn find(visit: &Visit) -> Result<Webhook, Failure> {
    Webhook::get(&visit.api, visit.path("webhook")).await
}

/// What a dialog of an endpoint is called.
pub fn heading<'a>(title: &'a str, visit: &Visit, webhook: &Webhook) -> Heading<'a> {
    Heading::of(title, Section::Webhooks)
        .below("Webhooks", visit.address("/webhooks"))
        .below(webhook.url.as_str(), visit.address(&webhook.path()))
}

/// How it is; it may be gone.
async fn state(visit: &Visit, id: &str) -> Result<Vec<String>, Failure> {
    match Webhook::get(&visit.api, id).await {
        Ok(webhook) => Ok(vec![event_name(&webhook.status)]),
        Err(Failure::Refused(refusal)) if refusal.status == StatusCode::NOT_FOUND => {
            Ok(vec!["Removed".to_owned()])
        }
        Err(failure) => Err(failure),
    }
}

/// Where to go on.
pub fn back(visit: &Visit, webhook: &Webhook) -> (String, String) {
    ("To the endpoint".to_owned(), visit.address(&webhook.path()))
}

impl Deed for Switch {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let is_on = self.0.status == "ENABLED";
        heading(if is_on { "Disable endpoint" } else { "Enable endpoint" }, visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let is_on = self.0.status == "ENABLED";
        let after = if is_on { "Disabled" } else { "Enabled" };
        let notes = html! {
            p { @if is_on { "It is sent nothing until it is enabled again." } @else {
                "It is sent what it missed, in order, as far as events are kept." } }
        };
        Ok(Plan {
            lines: vec![Line::of(STATUS, event_name(&self.0.status), after)],
            notes: Some(notes),
            verb: if is_on { "Disable it" } else { "Enable it" },
            is_dangerous: is_on,
        })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        // What was decided on, even if somebody else was faster.
        let was_on = form.all("before").any(|before| before == "Enabled");
        Operation::patch(Webhook::target(&self.0.id, ""), json!({"isEnabled": !was_on}))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        state(visit, &self.0.id).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The endpoint was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}

impl Deed for Remove {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let id = visit.path("webhook").to_owned();
        let webhook = visit.api.find(&Webhook::target(&id, "")).await?;
        Ok(Self { id, webhook })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Remove endpoint", Section::Webhooks)
            .below("Webhooks", visit.address("/webhooks"))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let webhook = self.webhook.as_ref().ok_or(Failure::NotFound)?;
        let notes = html! {
            p { code { (webhook.url) } }
            p { "It is sent nothing more, not what is pending either. It cannot be brought back." }
        };
        Ok(Plan {
            lines: vec![Line::of(STATUS, event_name(&webhook.status), "Removed")],
            notes: Some(notes),
            verb: "Remove it",
            is_dangerous: true,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(Webhook::target(&self.id, ""))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        state(visit, &self.id).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The endpoint was removed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all endpoints".to_owned(), visit.address("/webhooks"))
    }
}

impl Deed for Test {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Send a test event", visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! {
            p { "One event of the type of a test is sent to " code { (self.0.url) } ". Nothing else "
                "changes; what became of it stands among the deliveries." }
        };
        let verb = "Send it";
        Ok(Plan { lines: Vec::new(), notes: Some(notes), verb, is_dangerous: false })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::post_nothing(Webhook::target(&self.0.id, "/test"))
    }

    async fn state(&self, _: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The test event is on its way.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}
