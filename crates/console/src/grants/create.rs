//! `/customers/{id}/grants/new`: gives a customer credits.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::burn_order::{NewGrant, preview};
use super::model::Grant;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{
    Amount, Choice, Field, Kind, number_or_text, written_instant, written_priority,
};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName, available_in_words, wallet_choices};

/// A customer is given credits.
pub struct CreateGrant {
    customer: Customer,
    currencies: Currencies,
}

const FREE: &str = "PROMOTIONAL";
const PRIORITY: u8 = 50;

impl Deed for CreateGrant {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        Ok(Self { customer, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Grant credits", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), visit.address(&self.customer.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let types =
            vec![Choice::of(FREE, "Promotional: given away"), Choice::of("PAID", "Paid: bought")];
        let methods = vec![
            Choice::of("NONE", "Paid elsewhere: the credits count at once"),
            Choice::of("INVOICE", "By invoice: the credits count when it is paid"),
            Choice::of("CHARGE", "Charged by the payment provider"),
        ];
        vec![
            Field::required("currencyId", "Currency", Kind::One(wallet_choices(&self.currencies))),
            Field::required("amount", "Amount", Kind::Amount),
            Field::required("displayName", "Name", Kind::Text).hint("What the customer sees"),
            Field::required("grantType", "Kind", Kind::One(types)),
            Field::optional("cost.amount", "Cost", Kind::Amount)
                .hint("In money, of all its credits together; only of paid ones"),
            Field::optional("cost.currency", "Money", Kind::Text).hint("In ISO 4217, as in usd"),
            Field::required("paymentCollectionMethod", "Payment", Kind::One(methods)),
            Field::optional("effectiveAt", "Counts from", Kind::Instant)
                .hint("In UTC; empty is at once"),
            Field::optional("expireAt", "Counts until", Kind::Instant)
                .hint("In UTC; empty is for ever"),
            Field::optional("priority", "Priority", Kind::Number)
                .hint("0 to 100; lower is used first, 50 is usual"),
            Field::optional("resourceId", "Resource", Kind::Text)
                .hint("Only for this resource of the customer"),
            Field::optional("comment", "Reason", Kind::Text).hint("For you and your colleagues"),
        ]
    }

    fn prefilled(&self, visit: &Visit) -> Form {
        Form::of([
            ("currencyId", visit.query("currencyId").unwrap_or_default()),
            ("resourceId", visit.query("resourceId").unwrap_or_default()),
            ("grantType", FREE),
            ("paymentCollectionMethod", "NONE"),
        ])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let name = WalletName::of_form(form);
        let amount = Amount::positive(form, "amount")?;
        let new = new_grant(form, amount)?;
        let wallet = Wallet::find(&visit.api, &self.customer.id, &name).await?;
        let grants = Grant::newest_of(&visit.api, &self.customer.id, &name).await?;
        let before = available_in_words(wallet.as_ref(), &name, &self.currencies);
        let is_invoiced = is_paid_later(form);
        let is_later = !new.effective_at.is_empty();
        let after = match &wallet {
            _ if is_invoiced => format!("{before}; {amount} more when it is paid"),
            _ if is_later => format!("{before}; {amount} more from {}", new.effective_at),
            Some(wallet) => {
                let after = wallet.available.plus(amount).unwrap_or(wallet.available);
                self.currencies.in_words(&name.currency, after)
            }
            None => self.currencies.in_words(&name.currency, amount),
        };
        let title = format!("Available: {}", name.title(&self.currencies));
        let notes = html! {
            @if wallet.is_some_and(|wallet| wallet.overdraft > Amount::ZERO) {
                p { "The wallet is overdrawn: the deficit is settled out of this grant." }
            }
            (preview(&grants, &new))
        };
        let lines = vec![Line::of(title, before, after)];
        Ok(Plan { lines, notes: Some(notes), verb: "Grant the credits", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("customerId", json!(self.customer.id));
        let texts = ["currencyId", "resourceId", "displayName", "amount", "grantType"];
        let more = ["effectiveAt", "expireAt", "comment"];
        for name in texts.into_iter().chain(more) {
            if let Some(text) = form.text(name) {
                put(name, json!(text));
            }
        }
        if let Some(priority) = form.text("priority") {
            put("priority", number_or_text(priority));
        }
        if let Some(cost) = form.text("cost.amount") {
            let currency = form.text("cost.currency").unwrap_or("usd").to_lowercase();
            put("cost", json!({"amount": cost, "currency": currency}));
            put("paymentCollectionMethod", json!(form.written("paymentCollectionMethod")));
        }
        Operation::post("/api/v1/credits/grants", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let name = WalletName::of_form(form);
        let wallet = Wallet::find(&visit.api, &self.customer.id, &name).await?;
        Ok(vec![available_in_words(wallet.as_ref(), &name, &self.currencies)])
    }

    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>) {
        let id = done.data.get("id").and_then(Value::as_str).unwrap_or_default();
        let address = visit.address(&format!("{}/grants/{id}", self.customer.path()));
        let link = html! { p { a href=(address) { "To the grant " code { (id) } } } };
        ("The credits were granted.".to_owned(), Some(link))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.customer.path()))
    }
}

/// Whether the credits count only when an invoice or a charge is paid.
fn is_paid_later(form: &Form) -> bool {
    let costs = form.text("cost.amount").and_then(Amount::parse);
    costs.is_some_and(|cost| cost > Amount::ZERO)
        && form.text("paymentCollectionMethod") != Some("NONE")
}

fn new_grant(form: &Form, amount: Amount) -> Result<NewGrant, Failure> {
    Ok(NewGrant {
        display_name: form.written("displayName").to_owned(),
        amount,
        priority: written_priority(form)?.unwrap_or(PRIORITY),
        expire_at: written_instant(form, "expireAt")?,
        grant_type: form.written("grantType").to_owned(),
        effective_at: written_instant(form, "effectiveAt")?.unwrap_or_default(),
        created_at: String::new(),
    })
}
