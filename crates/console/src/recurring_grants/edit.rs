//! `/customers/{id}/recurring-grants/{recurring}/edit`: another amount, another rhythm, from the next
//! period on.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::model::{RecurringGrant, check_name, each, list_of, terms};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Amount, Field, number_or_text, written_instant, written_priority};
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A recurring grant is changed.
pub struct Edit {
    recurring: RecurringGrant,
    currencies: Currencies,
}

const NAMES: [&str; 5] =
    ["Name", "What each period gives", "Periods begin at", "Priority", "Next grant"];

impl Edit {
    fn in_words(&self, recurring: &RecurringGrant) -> [String; 5] {
        [
            recurring.display_name.clone(),
            recurring.in_words(&self.currencies),
            recurring.anchor.clone(),
            recurring.priority.to_string(),
            recurring.next(),
        ]
    }
}

impl Deed for Edit {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let recurring = RecurringGrant::of(visit).await?.ok_or(Failure::NotFound)?;
        Ok(Self { recurring, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let customer = crate::customers::model::path_of(&self.recurring.customer_id);
        Heading::of("Change recurring grant", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.recurring.customer_id.as_str(), visit.address(&customer))
            .below("Recurring", visit.address(&list_of(&self.recurring.customer_id)))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        terms("In UTC; empty leaves it as it is")
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let recurring = &self.recurring;
        Form::of([
            ("amount", recurring.amount.0.to_string().as_str()),
            ("displayName", &recurring.display_name),
            ("cadence", &recurring.cadence),
            ("anchor", &recurring.anchor),
            ("priority", &recurring.priority.to_string()),
        ])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let recurring = &self.recurring;
        let amount = Amount::positive(form, "amount")?;
        check_name(form.text("displayName"))?;
        let priority = written_priority(form)?;
        let anchor = written_instant(form, "anchor")?.unwrap_or_else(|| recurring.anchor.clone());
        let cadence = form.written("cadence");
        let has_rhythm = cadence == recurring.cadence && anchor == recurring.anchor;
        let next =
            if has_rhythm { recurring.next() } else { "as the new periods begin".to_owned() };
        let after = [
            form.written("displayName").to_owned(),
            each(&self.currencies, &recurring.currency_id, amount, cadence),
            anchor,
            priority.unwrap_or(recurring.priority).to_string(),
            next,
        ];
        let lines = Line::each(NAMES.into_iter().zip(self.in_words(recurring)), after);
        let notes = html! {
            p { "It holds from the next period on. What was granted for this one stays as it is until "
                "its end." }
        };
        Plan::of_changes(lines, Some(notes), "Change the recurring grant")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = self.recurring.wallet().members(&self.recurring.customer_id);
        for name in ["amount", "displayName", "cadence", "anchor"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(priority) = form.text("priority") {
            body.insert("priority".to_owned(), number_or_text(priority));
        }
        Operation::put(RecurringGrant::target(&self.recurring.id), Value::Object(body))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let recurring = RecurringGrant::find(&visit.api, &self.recurring.id).await?;
        let none = || NAMES.map(|_| "–".to_owned());
        Ok(recurring.map_or_else(none, |recurring| self.in_words(&recurring)).into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The recurring grant was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        let list = list_of(&self.recurring.customer_id);
        ("To the recurring grants".to_owned(), visit.address(&list))
    }
}
