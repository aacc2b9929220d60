//! `/invoices/{invoice}/refund`: money of a paid invoice went back.

use maud::{Markup, html};
use serde_json::json;

use super::model::Invoice;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Api, Done};
use crate::component::{Amount, Field, Kind};
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::grants::model::Grant;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, available_in_words};

/// It is said that money went back.
pub struct Refund {
    invoice: Invoice,
    grant: Grant,
    currencies: Currencies,
}

/// What went back of how much.
fn refunded(amount: Amount, invoice: &Invoice) -> String {
    format!("{amount} of {}", invoice.total_in_words())
}

impl Refund {
    fn taken_back(&self, grant: &Grant) -> String {
        let taken = grant.taken_back_amount.unwrap_or_default();
        self.currencies.in_words(&grant.currency_id, taken)
    }

    async fn available(&self, api: &Api) -> Result<String, Failure> {
        let name = self.grant.wallet();
        let wallet = Wallet::find(api, &self.grant.customer_id, &name).await?;
        Ok(available_in_words(wallet.as_ref(), &name, &self.currencies))
    }
}

impl Deed for Refund {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let invoice = Invoice::get(&visit.api, visit.path("invoice")).await?;
        let grant = Grant::get(&visit.api, &invoice.credit_grant_id).await?;
        Ok(Self { invoice, grant, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Record a refund", Section::Invoices)
            .below("Invoices", visit.address("/invoices"))
            .below(self.invoice.id.as_str(), visit.address(&self.invoice.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::required("amount", "Amount", Kind::Amount)
                .hint("Of the invoice's money; at most what has not gone back yet"),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([("amount", &self.invoice.left().0.to_string())])
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let Self { invoice, grant, currencies } = self;
        let amount = Amount::positive(form, "amount")?;
        if amount > invoice.left() {
            let left = format!("{} {}", invoice.left(), invoice.currency.to_uppercase());
            return Err(Failure::of_field(format!("amount must be {left} at most: what is left")));
        }
        let sum = invoice.refunded_amount.plus(amount).unwrap_or(invoice.total);
        let target = grant.amount.share(sum, invoice.total);
        let in_currency = |amount| currencies.in_words(&grant.currency_id, amount);
        let gone = grant.taken_back_amount.unwrap_or_default();
        let more = target.and_then(|target| target.minus(gone)).map(Amount::at_least_zero);
        let available = self.available(&visit.api).await?;
        let less = more.map_or("less".to_owned(), |more| format!("less by {more} at most"));
        let same_part = || "the same part of the grant's credits".to_owned();
        let lines = vec![
            Line::of(
                "Refunded",
                refunded(invoice.refunded_amount, invoice),
                refunded(sum, invoice),
            ),
            Line::of(
                "Credits that went with it",
                self.taken_back(grant),
                target.map_or_else(same_part, in_currency),
            ),
            Line::of("Available in the wallet", available, less),
        ];
        let notes = html! {
            p { "Say so when the money was given back: nothing is paid by this. The credits that it had "
                "paid for go, first those that nobody used; what expired or was voided counts." }
            p { "What was consumed of them becomes a debt, which the next credits settle. What is held "
                "goes when its reservation ends. It cannot be undone." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Record the refund", is_dangerous: true })
    }

    fn operation(&self, form: &Form, request_id: &str) -> Operation {
        let body = json!({"amount": form.written("amount"), "idempotencyKey": request_id});
        Operation::post(Invoice::target(&self.invoice.id, "/refund"), body)
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let invoice = Invoice::get(&visit.api, &self.invoice.id).await?;
        let grant = Grant::get(&visit.api, &self.grant.id).await?;
        let available = self.available(&visit.api).await?;
        Ok(vec![refunded(invoice.refunded_amount, &invoice), self.taken_back(&grant), available])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The refund was recorded.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the invoice".to_owned(), visit.address(&self.invoice.path()))
    }
}
