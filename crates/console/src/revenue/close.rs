//! `/revenue/close`: the figures of a month stand for ever.

use maud::{Markup, html};
use scrip_core::Timestamp;

use super::model::{ClosedMonth, Report, begin_of, figures, name_of};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind};
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::settings::Clock;
use crate::visit::Visit;

/// A month is closed.
pub struct CloseMonth {
    /// The month that was closed last.
    last: Option<ClosedMonth>,
    now: Timestamp,
    currencies: Currencies,
}

const MONTH: &str = "month";
const CLOSED: &str = "Closed for ever";

fn up_to(last: Option<&ClosedMonth>) -> String {
    last.map_or("no month", |last| &last.month).to_owned()
}

impl CloseMonth {
    /// The only month that can be next; any, as long as none is closed.
    fn next(&self) -> Option<String> {
        let last = self.last.as_ref()?;
        Some(name_of(Timestamp::parse(&last.to).ok()?))
    }

    /// The instants between which a month lies that can be closed now.
    fn check(&self, month: &str) -> Result<(Timestamp, Timestamp), Failure> {
        let wrong = || Failure::of_field(format!("{MONTH} must be a month, as in 2026-01"));
        let begin = begin_of(month).ok_or_else(wrong)?;
        let refused = |why: String| Err(Failure::of_field(format!("{MONTH}: {why}")));
        match (&self.last, self.next()) {
            // Of the same form, so they compare as they follow each other.
            (Some(last), _) if month <= last.month.as_str() => {
                refused(format!("the months up to {} are closed already", last.month))
            }
            (_, Some(next)) if next != month => refused(format!("{next} must be closed first")),
            _ if begin.next_month() > self.now => refused(format!("{month} is not over")),
            _ => Ok((begin, begin.next_month())),
        }
    }
}

impl Deed for CloseMonth {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let now = Clock::get(&visit.api).await?.now;
        let now = Timestamp::parse(&now).map_err(|error| Failure::Internal(error.to_string()))?;
        let currencies = Currencies::all(&visit.api).await?;
        Ok(Self { last: ClosedMonth::last(&visit.api).await?, now, currencies })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Close a month", Section::Revenue)
            .below("Revenue", visit.address("/revenue"))
            .below("Closed months", visit.address("/revenue/months"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let hint = match self.last {
            Some(_) => "As in 2026-01; months are closed one after the other, when they are over",
            None => "As in 2026-01; the first one closes all time before it, too",
        };
        vec![Field::required(MONTH, "Month", Kind::Text).hint(hint)]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let last_month = || name_of(self.now.first_of_month().months_later(-1));
        Form::of([(MONTH, &self.next().unwrap_or_else(last_month))])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let month = form.written(MONTH);
        let (begin, end) = self.check(month)?;
        let report = Report::get(&visit.api, &begin.to_string(), &end.to_string()).await?;
        let lines = vec![
            Line::of(format!("Month {month}"), "Open", CLOSED),
            Line::of("Closed up to", up_to(self.last.as_ref()), month),
        ];
        let notes = html! {
            div.notice data-tone="waiting" {
                p { strong { "It cannot be taken back." } " From now on these figures stand. What is "
                    "recorded later and belongs to " (month) " counts at the beginning of "
                    (name_of(end)) ", or of the first month that is open then." }
                @if self.last.is_none() {
                    p { "No month is closed yet: with this one all time before it is closed too." }
                }
            }
            h3 { "The figures as they are now" }
            @if report.totals.is_empty() {
                p { "No grant that cost anything was there in this month." }
            } @else { (figures(&report.totals, &self.currencies)) }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Close the month", is_dangerous: true })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post_nothing(ClosedMonth::closing(form.written(MONTH)))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let last = ClosedMonth::last(&visit.api).await?;
        let month = form.written(MONTH);
        let is_closed = last.as_ref().is_some_and(|last| month <= last.month.as_str());
        let how = if is_closed { CLOSED } else { "Open" };
        Ok(vec![how.to_owned(), up_to(last.as_ref())])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The month is closed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the closed months".to_owned(), visit.address("/revenue/months"))
    }
}
