//! `/customers/{id}/reservations/extend`: a job takes longer, or less, than was thought.

use maud::{Markup, html};

use super::model::Held;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind, written_instant};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// A reservation ends by itself at another instant.
pub struct Extend(Held);

const ENDS: &str = "expiresAt";

impl Deed for Extend {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Held::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        self.0.heading("Extend a reservation", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required(ENDS, "Ends by itself at", Kind::Instant)
                .hint("In UTC; later or sooner, at most 24 hours from now"),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([(ENDS, &self.0.reservation.expires_at)])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        self.0.check_open()?;
        let missing = || Failure::of_field(format!("{ENDS} must be an instant"));
        let after = written_instant(form, ENDS)?.ok_or_else(missing)?;
        let reservation = &self.0.reservation;
        let lines = vec![Line::of("Ends by itself at", reservation.expires_at.as_str(), after)];
        let notes = html! {
            p { (reservation.amount) " stay held until then, or until it is released. What is held then "
                "is given back." }
        };
        Plan::of_changes(lines, Some(notes), "Change its end")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post(self.0.target("/extend"), self.0.body(ENDS, form.written(ENDS)))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec![self.0.now(&visit.api).await?.expires_at])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The reservation ends at another instant.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        self.0.back(visit)
    }
}
