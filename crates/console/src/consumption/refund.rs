//! `/customers/{id}/consumption/refund`: gives back what was consumed.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Amount, Field, Kind};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName, available_in_words};

/// A consumption is given back, whole or in part.
pub struct Refund {
    customer: Customer,
    currencies: Currencies,
    wallet: WalletName,
}

impl Deed for Refund {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        let wallet = WalletName::of_query(visit).ok_or(Failure::NotFound)?;
        Ok(Self { customer, currencies: Currencies::all(&visit.api).await?, wallet })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Refund a consumption", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), visit.address(&self.customer.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required("consumptionKey", "Consumption", Kind::Text)
                .hint("Its idempotency key, as the ledger shows it"),
            Field::optional("amount", "Amount", Kind::Amount).hint("Empty is all that is left"),
        ]
    }

    fn prefilled(&self, visit: &Visit) -> Form {
        Form::of([("consumptionKey", visit.query("consumptionKey").unwrap_or_default())])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let wallet = Wallet::find(&visit.api, &self.customer.id, &self.wallet).await?;
        let before = available_in_words(wallet.as_ref(), &self.wallet, &self.currencies);
        let available = wallet.map(|wallet| wallet.available).unwrap_or_default();
        let after = if form.text("amount").is_none() {
            "more by what was consumed and not given back".to_owned()
        } else {
            let sum = available.plus(Amount::positive(form, "amount")?);
            let sum = sum.ok_or_else(|| Failure::of_field("amount is too large"))?;
            format!("{} at most", self.currencies.in_words(&self.wallet.currency, sum))
        };
        let title = format!("Available: {}", self.wallet.title(&self.currencies));
        let notes = html! {
            p { "Credits go back to the grants that gave them, the last one first. On a grant that "
                "has ended they are gone at once; what was overdrawn pays the deficit." }
        };
        let lines = vec![Line::of(title, before, after)];
        Ok(Plan { lines, notes: Some(notes), verb: "Refund the credits", is_dangerous: false })
    }

    fn operation(&self, form: &Form, request_id: &str) -> Operation {
        let mut body = Map::new();
        body.insert("customerId".to_owned(), json!(self.customer.id));
        let wallet = self.wallet.query().into_iter();
        let written = ["consumptionKey", "amount"].map(|name| (name, form.text(name)));
        for (name, value) in wallet.chain(written) {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        body.insert("idempotencyKey".to_owned(), json!(request_id));
        Operation::post("/api/v1/credits/consumption/refund", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let wallet = Wallet::find(&visit.api, &self.customer.id, &self.wallet).await?;
        Ok(vec![available_in_words(wallet.as_ref(), &self.wallet, &self.currencies)])
    }

    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>) {
        let amount = done.data.get("amount").and_then(Value::as_str).and_then(Amount::parse);
        let address = visit.address(&format!("{}/ledger", self.customer.path()));
        let link = html! { p { a href=(address) { "To the ledger" } } };
        (format!("{} were given back.", amount.unwrap_or_default()), Some(link))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        let ledger = format!("{}/ledger", self.customer.path());
        ("To the ledger".to_owned(), visit.address(&ledger))
    }
}
