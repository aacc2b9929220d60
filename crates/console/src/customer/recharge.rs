//! `/customers/{id}/auto-recharge`: what buys credits by itself.

use maud::{Markup, html};
use scrip_ledger::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CustomerPage, Tab};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Api, Done, target};
use crate::component::{Amount, Choice, Field, Instant, Kind, empty, facts, instant_or};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::{Failure, Shown};
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{WalletName, wallet_filter};

const RECHARGE: &str = "/api/v1/credits/auto-recharge";
const PERIODS: [(&str, &str); 2] = [("1_MONTH", "A month"), ("1_YEAR", "A year")];

/// How a wallet recharges.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recharge {
    /// None until somebody said how.
    pub id: Option<String>,
    is_enabled: bool,
    threshold_type: String,
    threshold_value: Amount,
    target_balance: Amount,
    max_spend_limit: Option<Amount>,
    grant_expiration_period: String,
    updated_at: Option<Instant>,
}

impl Recharge {
    /// Of a wallet of a customer.
    pub async fn get(api: &Api, customer: &str, wallet: &WalletName) -> Result<Self, Failure> {
        let [currency, resource] = wallet.query();
        let query = [("customerId", Some(customer)), currency, resource];
        Ok(api.get(&target(RECHARGE, &query)).await?)
    }

    /// What it is called and how it stands, line by line.
    pub fn lines(&self) -> Vec<(&'static str, Markup)> {
        let lines = NAMES.into_iter().zip(self.in_words());
        lines.map(|(name, value)| (name, html! { (value) })).collect()
    }

    fn in_words(&self) -> [String; 5] {
        let is_money = self.threshold_type == "DOLLAR_AMOUNT";
        let of = if is_money { " of money" } else { " credits" };
        let limit = self.max_spend_limit.map(|limit| limit.to_string());
        let period = PERIODS.iter().find(|(value, _)| *value == self.grant_expiration_period);
        [
            if self.is_enabled { "On" } else { "Off" }.to_owned(),
            format!("{}{of}", self.threshold_value),
            format!("{} credits", self.target_balance),
            limit.unwrap_or_else(|| "None".to_owned()),
            period.map_or(self.grant_expiration_period.as_str(), |(_, text)| text).to_owned(),
        ]
    }
}

const NAMES: [&str; 5] =
    ["Auto-recharge", "When the balance is below", "Up to", "Limit a month", "Credits last"];

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let first_currency = || {
        let currency = page.currencies.live().next()?;
        Some(WalletName { currency: currency.id.clone(), resource: None })
    };
    let Some(wallet) = page.wallet().or_else(first_currency) else {
        return page.show(Tab::Recharge, None, empty("There are no currencies yet.", None));
    };
    let recharge = Recharge::get(&page.visit.api, &page.customer.id, &wallet).await?;
    let [currency, resource] = wallet.query();
    let edit = target(&page.address("/auto-recharge/edit"), &[currency, resource]);
    let may = page.visit.may(Scope::Grants);
    let actions = html! { @if may { a.button href=(edit) { "Change" } } };
    let mut known = recharge.lines();
    known.push(("Changed", instant_or(recharge.updated_at.as_ref(), "never")));
    page.show(
        Tab::Recharge,
        Some(actions),
        html! {
            (wallet_filter(&page.visit, &page.wallets, Some(&wallet), &page.currencies))
            div.card {
                h2 { (wallet.title(&page.currencies)) }
                @if recharge.id.is_none() {
                    p.quiet { "Nobody has said how this wallet recharges: it does not." }
                } @else { (facts(&known)) }
            }
        },
    )
}

/// A wallet's setting is replaced.
pub struct EditRecharge {
    customer: Customer,
    wallet: WalletName,
    currencies: Currencies,
    recharge: Recharge,
}

impl Deed for EditRecharge {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        let wallet = WalletName::of_query(visit).ok_or(Failure::NotFound)?;
        let currencies = Currencies::all(&visit.api).await?;
        let recharge = Recharge::get(&visit.api, &customer.id, &wallet).await?;
        Ok(Self { customer, wallet, currencies, recharge })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Auto-recharge", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), visit.address(&self.customer.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let on_off = vec![Choice::of("true", "On"), Choice::of("false", "Off")];
        let types = vec![
            Choice::of("CREDIT_AMOUNT", "Credits"),
            Choice::of("DOLLAR_AMOUNT", "Money: what the credits cost"),
        ];
        let periods = PERIODS.map(|(value, text)| Choice::of(value, text)).into();
        let price = "What one credit costs; empty takes the currency's price";
        vec![
            Field::required("isEnabled", NAMES[0], Kind::One(on_off)),
            Field::required("thresholdType", "The threshold counts", Kind::One(types)),
            Field::required("thresholdValue", "Recharge when the balance is below", Kind::Amount),
            Field::required("targetBalance", "Recharge up to", Kind::Amount)
                .hint("In credits; more than the threshold"),
            Field::optional("maxSpendLimit", "Spend at most in a month", Kind::Amount)
                .hint("In money; empty is without a limit"),
            Field::required("grantExpirationPeriod", NAMES[4], Kind::One(periods)),
            Field::optional("unitCost.amount", "Price of a credit", Kind::Amount).hint(price),
            Field::optional("unitCost.currency", "Money of the price", Kind::Text)
                .hint("In ISO 4217, as in usd"),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let recharge = &self.recharge;
        let limit = recharge.max_spend_limit.map(|limit| limit.0.to_string());
        Form::of([
            ("isEnabled", if recharge.is_enabled { "true" } else { "false" }),
            ("thresholdType", &recharge.threshold_type),
            ("thresholdValue", &recharge.threshold_value.0.to_string()),
            ("targetBalance", &recharge.target_balance.0.to_string()),
            ("maxSpendLimit", limit.as_deref().unwrap_or_default()),
            ("grantExpirationPeriod", &recharge.grant_expiration_period),
        ])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let amount = |name| Amount::parse(form.written(name)).unwrap_or_default();
        let after = Recharge {
            id: None,
            is_enabled: form.text("isEnabled") == Some("true"),
            threshold_type: form.written("thresholdType").to_owned(),
            threshold_value: amount("thresholdValue"),
            target_balance: amount("targetBalance"),
            max_spend_limit: form.text("maxSpendLimit").and_then(Amount::parse),
            grant_expiration_period: form.written("grantExpirationPeriod").to_owned(),
            updated_at: None,
        };
        let before = NAMES.into_iter().zip(self.recharge.in_words());
        let lines = Line::each(before, after.in_words());
        let wallet = self.wallet.title(&self.currencies);
        let notes = html! {
            p { "Of the wallet " strong { (wallet) } ". If the balance is below the threshold "
                "already, it recharges at once." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Save the setting", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = self.wallet.members(&self.customer.id);
        body.insert("isEnabled".to_owned(), json!(form.text("isEnabled") == Some("true")));
        let texts = ["thresholdType", "thresholdValue", "targetBalance", "maxSpendLimit"];
        for name in texts.into_iter().chain(["grantExpirationPeriod"]) {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(price) = form.text("unitCost.amount") {
            let currency = form.text("unitCost.currency").unwrap_or("usd");
            let cost = json!({"amount": price, "currency": currency});
            body.insert("unitCost".to_owned(), cost);
        }
        Operation::put(RECHARGE, Value::Object(body))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let recharge = Recharge::get(&visit.api, &self.customer.id, &self.wallet).await?;
        Ok(recharge.in_words().into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The setting was saved.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        let path = format!("{}/auto-recharge", self.customer.path());
        let [currency, resource] = self.wallet.query();
        let address = target(&visit.address(&path), &[currency, resource]);
        ("To the setting".to_owned(), address)
    }
}
