//! `/customers/{id}/consumption/new`: burns credits of a customer.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Amount, Choice, Field, Kind};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::form::Form;
use crate::grants::in_burn_order;
use crate::grants::model::Grant;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName, available_in_words, wallet_choices};

/// Credits are burned.
pub struct Consume {
    customer: Customer,
    currencies: Currencies,
}

const REJECT: &str = "REJECT";

impl Deed for Consume {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        Ok(Self { customer, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Consume credits", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), visit.address(&self.customer.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let short = vec![
            Choice::of(REJECT, "Consume nothing"),
            Choice::of("OVERDRAFT", "Overdraw: the next credits settle it"),
        ];
        vec![
            Field::required("currencyId", "Currency", Kind::One(wallet_choices(&self.currencies))),
            Field::required("amount", "Amount", Kind::Amount),
            Field::required("onInsufficient", "If the balance is short", Kind::One(short)),
            Field::optional("resourceId", "Resource", Kind::Text)
                .hint("Of the wallet of this resource of the customer"),
            Field::optional("reason", "Reason", Kind::Text)
                .hint("Kept with the ledger's row, as its dimension “reason”"),
        ]
    }

    fn prefilled(&self, visit: &Visit) -> Form {
        Form::of([
            ("currencyId", visit.query("currencyId").unwrap_or_default()),
            ("resourceId", visit.query("resourceId").unwrap_or_default()),
            ("onInsufficient", REJECT),
        ])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let name = WalletName::of_form(form);
        let amount = Amount::positive(form, "amount")?;
        let wallet = Wallet::find(&visit.api, &self.customer.id, &name).await?;
        let grants = Grant::newest_of(&visit.api, &self.customer.id, &name).await?;
        let available = wallet.as_ref().map(|wallet| wallet.available).unwrap_or_default();
        let is_short = available < amount;
        let is_refused = is_short && form.text("onInsufficient") == Some(REJECT);
        let before = available_in_words(wallet.as_ref(), &name, &self.currencies);
        let after = match available.minus(amount) {
            Some(_) if is_refused => before.clone(),
            Some(after) => self.currencies.in_words(&name.currency, after),
            None => return Err(Failure::of_field("amount is too large")),
        };
        let title = format!("Available: {}", name.title(&self.currencies));
        let held = wallet.map(|wallet| wallet.reserved).unwrap_or_default();
        let notes = html! {
            @if is_short {
                div.notice data-tone="waiting" {
                    p { "There are only " (available) ". "
                        @if is_refused { "As you asked, it would be refused." }
                        @else { "The rest is overdrawn." } }
                }
            } @else if held == Amount::ZERO { (sources(&grants, amount)) }
        };
        let lines = vec![Line::of(title, before, after)];
        Ok(Plan { lines, notes: Some(notes), verb: "Consume the credits", is_dangerous: true })
    }

    fn operation(&self, form: &Form, request_id: &str) -> Operation {
        let mut body = Map::new();
        body.insert("customerId".to_owned(), json!(self.customer.id));
        for name in ["currencyId", "resourceId", "amount", "onInsufficient"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(reason) = form.text("reason") {
            body.insert("dimensions".to_owned(), json!({"reason": reason}));
        }
        body.insert("idempotencyKey".to_owned(), json!(request_id));
        Operation::post("/api/v1/credits/consumption", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let name = WalletName::of_form(form);
        let wallet = Wallet::find(&visit.api, &self.customer.id, &name).await?;
        Ok(vec![available_in_words(wallet.as_ref(), &name, &self.currencies)])
    }

    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>) {
        let amount = done.data.get("amount").and_then(Value::as_str).and_then(Amount::parse);
        let address = visit.address(&format!("{}/ledger", self.customer.path()));
        let link = html! { p { a href=(address) { "To the ledger" } } };
        (format!("{} were consumed.", amount.unwrap_or_default()), Some(link))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.customer.path()))
    }
}

/// Which grants will give how much.
fn sources(grants: &[Grant], amount: Amount) -> Markup {
    let mut missing = amount;
    let mut parts = Vec::new();
    for grant in in_burn_order(grants) {
        let part = grant.left().min(missing);
        if part > Amount::ZERO {
            parts.push((grant.display_name.as_str(), part));
            missing = missing.minus(part).unwrap_or_default();
        }
    }
    html! {
        @if missing == Amount::ZERO {
            h3 { "Out of which grants" }
            ul { @for (name, part) in parts { li { (part) " of " (name) } } }
        }
    }
}
