//! `/webhooks/{webhook}/deliveries/{delivery}/redeliver`: sends an event again.

use maud::{Markup, html};

use super::model::{Delivery, Webhook};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Done, segment};
use crate::component::event_name;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// An event is sent again.
pub struct Redeliver {
    webhook: Webhook,
    delivery: Delivery,
}

impl Deed for Redeliver {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let webhook = Webhook::get(&visit.api, visit.path("webhook")).await?;
        let delivery = Delivery::get(&visit.api, &webhook.id, visit.path("delivery")).await?;
        Ok(Self { webhook, delivery })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Send an event again", Section::Webhooks)
            .below("Webhooks", visit.address("/webhooks"))
            .below(self.webhook.url.as_str(), visit.address(&self.webhook.path()))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let what = format!("Delivery of {}", self.delivery.event_type);
        let notes = html! {
            p { "It went so far: " (self.delivery.last_attempt()) ". The receiver gets the same "
                "event with the same id again." }
        };
        Ok(Plan {
            lines: vec![Line::of(what, event_name(&self.delivery.status), "Pending")],
            notes: Some(notes),
            verb: "Send it again",
            is_dangerous: false,
        })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        let id = segment(&self.delivery.id);
        let operation = format!("/deliveries/{id}/redeliver");
        Operation::post_nothing(Webhook::target(&self.webhook.id, &operation))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let delivery = Delivery::get(&visit.api, &self.webhook.id, &self.delivery.id).await?;
        Ok(vec![event_name(&delivery.status)])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The event is sent again.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the endpoint".to_owned(), visit.address(&self.webhook.path()))
    }
}
