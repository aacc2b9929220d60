//! `/customers/{id}/new/recurring-grant`: a customer is given credits anew each period.

use axum::http::StatusCode;
use maud::{Markup, html};
use scrip_core::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{RecurringGrant, check_name, each, list_of, terms};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Done, Refusal};
use crate::component::{Amount, Field, Kind, number_or_text, written_instant, written_priority};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::settings::Clock;
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName, available_in_words, wallet_choices};

/// A recurring grant is made.
pub struct Create {
    customer: Customer,
    currencies: Currencies,
}

const ID: &str = "recurringGrantId";

/// What it is called by: what was chosen, or else the name of the request.
fn id_of<'a>(form: &'a Form, request_id: &'a str) -> &'a str {
    form.text(ID).unwrap_or(request_id)
}

impl Create {
    async fn available(&self, visit: &Visit, form: &Form) -> Result<(String, Amount), Failure> {
        let name = WalletName::of_form(form);
        let wallet = Wallet::find(&visit.api, &self.customer.id, &name).await?;
        let words = available_in_words(wallet.as_ref(), &name, &self.currencies);
        Ok((words, wallet.map(|wallet| wallet.available).unwrap_or_default()))
    }
}

impl Deed for Create {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        Ok(Self { customer, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("New recurring grant", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), visit.address(&self.customer.path()))
            .below("Recurring", visit.address(&list_of(&self.customer.id)))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let currencies = Kind::One(wallet_choices(&self.currencies));
        let mut fields = vec![Field::required("currencyId", "Currency", currencies)];
        fields
            .extend(terms("In UTC; empty is now. Where it is later, the first grant is made then"));
        fields.extend([
            Field::optional("resourceId", "Resource", Kind::Text)
                .hint("Only for this resource of the customer"),
            Field::optional(ID, "Id", Kind::Text)
                .hint("How programs call it: letters, digits and any of _ | . -; empty is any"),
        ]);
        fields
    }

    fn prefilled(&self, visit: &Visit) -> Form {
        Form::of([
            ("currencyId", visit.query("currencyId").unwrap_or_default()),
            ("resourceId", visit.query("resourceId").unwrap_or_default()),
            ("cadence", "MONTH"),
        ])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let amount = Amount::positive(form, "amount")?;
        check_name(form.text("displayName"))?;
        written_priority(form)?;
        let anchor = written_instant(form, "anchor")?;
        if let Some(id) = form.text(ID)
            && RecurringGrant::find(&visit.api, id).await?.is_some()
        {
            let message = format!("{ID}: there is one that is called {id}; change that one");
            let (status, code) = (StatusCode::CONFLICT, "DuplicatedEntityNotAllowed".to_owned());
            return Err(Failure::Refused(Refusal { status, code, message }));
        }
        let wallet = WalletName::of_form(form);
        let now = Clock::get(&visit.api).await?.now;
        let instant = |text: &str| Timestamp::parse(text).ok();
        let later = anchor.filter(|anchor| instant(anchor) > instant(&now));
        let (before, available) = self.available(visit, form).await?;
        let after = match &later {
            Some(anchor) => format!("{before}; {amount} more from {anchor}"),
            None => {
                let after = available.plus(amount).unwrap_or(available);
                self.currencies.in_words(&wallet.currency, after)
            }
        };
        let each = each(&self.currencies, &wallet.currency, amount, form.written("cadence"));
        let lines = vec![
            Line::of("Recurring grant", "–", each),
            Line::of(format!("Available: {}", wallet.title(&self.currencies)), before, after),
        ];
        let notes = html! {
            p { @match later {
                None => { "The first grant is made at once, whatever is left of its period. " }
                Some(_) => { "Nothing is granted before. " }
            } "Each grant ends with its period, and what is left of it is gone; then the next one is "
                "made. It goes on until it is stopped." }
        };
        let verb = "Make the recurring grant";
        Ok(Plan { lines, notes: Some(notes), verb, is_dangerous: false })
    }

    fn operation(&self, form: &Form, request_id: &str) -> Operation {
        let mut body = Map::new();
        body.insert("customerId".to_owned(), json!(self.customer.id));
        for name in ["currencyId", "resourceId", "amount", "displayName", "cadence", "anchor"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(priority) = form.text("priority") {
            body.insert("priority".to_owned(), number_or_text(priority));
        }
        let target = RecurringGrant::target(id_of(form, request_id));
        Operation::put(target, Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let id = id_of(form, form.request_id()?);
        let made = RecurringGrant::find(&visit.api, id).await?;
        let words = made.map(|made| made.in_words(&self.currencies));
        let (available, _) = self.available(visit, form).await?;
        Ok(vec![words.unwrap_or_else(|| "–".to_owned()), available])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let next = done.data.get("nextPeriodAt").and_then(Value::as_str);
        let more = next.map(|next| html! { p { "The next grant is made on " (next) "." } });
        ("The recurring grant was made.".to_owned(), more)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the recurring grants".to_owned(), visit.address(&list_of(&self.customer.id)))
    }
}
