//! `/settings/clock`: moves the clock of a sandbox.

use maud::{Markup, html};
use scrip_core::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Api, Done};
use crate::component::{Field, Instant, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

const CLOCK: &str = "/api/v1/test-clock";

/// What time it is in an environment.
#[derive(Clone, Debug, Deserialize)]
pub struct Clock {
    /// Its instant.
    pub now: Instant,
}

impl Clock {
    /// The environment's clock.
    pub async fn get(api: &Api) -> Result<Self, Failure> {
        Ok(api.get(CLOCK).await?)
    }
}

/// The sandbox's clock is moved ahead.
pub struct MoveClock(Clock);

impl Deed for MoveClock {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        if !visit.visitor.environment.is_sandbox {
            return Err(Failure::NotFound);
        }
        Clock::get(&visit.api).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Move the clock", Section::Settings)
            .below("Settings", visit.address("/settings"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let hint = "In UTC; later than it is, and by a year at most";
        vec![Field::required("now", "To", Kind::Instant).hint(hint)]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([("now", &self.0.now)])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let wrong = |_| Failure::of_field("now must be an instant, as in 2026-12-31T00:00:00Z");
        let now = Timestamp::parse(form.written("now")).map_err(wrong)?;
        let notes = html! {
            p { "Everything that falls due on the way happens: credits begin and expire, "
                "reservations end, credits renew. The clock never goes back." }
        };
        Ok(Plan {
            lines: vec![Line::of("Clock of the sandbox", &self.0.now, now.to_string())],
            notes: Some(notes),
            verb: "Move the clock",
            is_dangerous: true,
        })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post(CLOCK, json!({"now": form.written("now")}))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![Clock::get(&visit.api).await?.now])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The clock was moved.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the settings".to_owned(), visit.address("/settings"))
    }
}
