//! `/customers/{id}/reservations/release`: a job is over, and what it took is known.

use maud::{Markup, html};
use serde_json::Value;

use super::model::{Held, in_words, released};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Amount, Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// A reservation is settled.
pub struct Release(Held);

const CONSUMED: &str = "consumedAmount";

impl Deed for Release {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Held::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        self.0.heading("Release a reservation", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required(CONSUMED, "Amount used", Kind::Amount)
                .hint("What the job took; 0 gives everything back"),
        ]
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        self.0.check_open()?;
        let consumed = form.text(CONSUMED).and_then(Amount::parse);
        let consumed = consumed.filter(|amount| *amount >= Amount::ZERO);
        let wrong = || Failure::of_field(format!("{CONSUMED} must be a number, 0 at least"));
        let consumed = consumed.ok_or_else(wrong)?;
        let reservation = &self.0.reservation;
        let wallet = self.0.wallet(&visit.api).await?;
        let available = wallet.map(|wallet| wallet.available).unwrap_or_default();
        let after = available.plus(reservation.amount).and_then(|sum| sum.minus(consumed));
        let after = after.ok_or_else(|| Failure::of_field(format!("{CONSUMED} is too large")))?;
        let currencies = &self.0.currencies;
        let in_currency = |amount| currencies.in_words(&reservation.currency_id, amount);
        let title = format!("Available: {}", reservation.wallet().title(currencies));
        let back = reservation.amount.minus(consumed).unwrap_or_default();
        let notes = html! {
            p { "Of " (reservation.amount) " that are held, " @if back >= Amount::ZERO {
                (consumed) " are consumed and " (back) " are given back."
            } @else {
                "all are consumed. What is more than that is consumed as usual, and overdraws if there "
                "is not enough."
            } }
            p { "A reservation is released once, and it cannot be undone." }
        };
        Ok(Plan {
            lines: vec![
                Line::of("Reservation", in_words(reservation), released(consumed)),
                Line::of(title, in_currency(available), in_currency(after)),
            ],
            notes: Some(notes),
            verb: "Release the reservation",
            is_dangerous: true,
        })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let body = self.0.body(CONSUMED, form.written(CONSUMED));
        Operation::post(self.0.target("/release"), body)
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let now = self.0.now(&visit.api).await?;
        Ok(vec![in_words(&now), self.0.available(&visit.api).await?])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let consumed = done.data.pointer("/reservation/consumedAmount");
        let consumed = consumed.and_then(Value::as_str).and_then(Amount::parse);
        let consumed = consumed.unwrap_or_default();
        (format!("The reservation was released; {consumed} of it were consumed."), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        self.0.back(visit)
    }
}
