//! `/currencies/{currency}/edit`: what may be changed of a currency.

use maud::{Markup, html};
use serde_json::json;

use super::model::{Currencies, Currency, DENY, Units};
use crate::action::{Changes, Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{
    Amount, Choice, Field, Kind, METADATA, metadata_field, metadata_in_words, put_metadata,
    with_metadata, written_metadata,
};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A currency is changed: what it is called, what it costs, and what holds when a balance is short.
pub struct EditCurrency(Currency);

const NAME: &str = "Name";
const SYMBOL: &str = "Symbol";
const DESCRIPTION: &str = "Description";
const UNITS: &str = "One, and many";
const SHORT: &str = "When the balance is short";
const PRICE: &str = "Price of a credit";

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("–").to_owned()
}

fn units_in_words(units: Option<(&str, &str)>) -> String {
    units.map_or_else(|| "–".to_owned(), |(singular, plural)| format!("{singular}, {plural}"))
}

fn price_in_words(amount: Amount, currency: &str) -> String {
    format!("{amount} {}", currency.to_uppercase())
}

/// How the currency is, line by line.
fn lines_of(currency: &Currency) -> Vec<(&'static str, String)> {
    let units = currency.units.as_ref().map(|Units { singular, plural }| (&**singular, &**plural));
    let price = currency.unit_cost.as_ref();
    let price = price.map(|price| price_in_words(price.amount, &price.currency));
    let mut lines = vec![
        (NAME, currency.display_name.clone()),
        (SYMBOL, or_dash(currency.symbol.as_deref())),
        (DESCRIPTION, or_dash(currency.description.as_deref())),
        (UNITS, units_in_words(units)),
        (SHORT, currency.when_short().to_owned()),
        (PRICE, or_dash(price.as_deref())),
    ];
    lines.extend(metadata_in_words(&currency.metadata).map(|text| (METADATA.1, text)));
    lines
}

/// What one and many are to be called; one word stands for both.
fn written_units(form: &Form) -> Option<(&str, &str)> {
    let (singular, plural) = (form.text("units.singular"), form.text("units.plural"));
    Some((singular.or(plural)?, plural.or(singular)?))
}

/// What a credit is to cost, as it is sent and in words.
fn written_price(form: &Form) -> Option<(&str, String, String)> {
    let amount = form.text("unitCost.amount")?;
    let currency = form.text("unitCost.currency").unwrap_or("usd").to_lowercase();
    let words = match Amount::parse(amount) {
        Some(amount) => price_in_words(amount, &currency),
        None => amount.to_owned(),
    };
    Some((amount, currency, words))
}

/// How it would be, in the order of its lines.
fn written(form: &Form) -> Result<Vec<String>, Failure> {
    let name = form.text("displayName");
    let name = name.ok_or_else(|| Failure::of_field("displayName must not be empty"))?;
    let amount = form.text("unitCost.amount");
    if amount.is_some_and(|text| Amount::parse(text).is_none_or(|price| price < Amount::ZERO)) {
        return Err(Failure::of_field("unitCost.amount must be a number, 0 at least"));
    }
    let mut lines = vec![
        name.to_owned(),
        or_dash(form.text("symbol")),
        or_dash(form.text("description")),
        units_in_words(written_units(form)),
        when_short(form).to_owned(),
        or_dash(written_price(form).map(|(.., words)| words).as_deref()),
    ];
    lines.extend(written_metadata(form)?.as_ref().and_then(metadata_in_words));
    Ok(lines)
}

fn when_short(form: &Form) -> &'static str {
    if form.text("overdraft") == Some(DENY) { "Refuses" } else { "Overdraws" }
}

impl Deed for EditCurrency {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let currencies = Currencies::all(&visit.api).await?;
        currencies.find(visit.path("currency")).cloned().map(Self).ok_or(Failure::NotFound)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Edit currency", Section::Currencies)
            .below("Currencies", visit.address("/currencies"))
    }

    fn fields(&self, form: &Form) -> Vec<Field> {
        let short = vec![
            Choice::of("ALLOW", "Overdraw: the next credits settle it"),
            Choice::of(DENY, "Refuse the consumption"),
        ];
        let mut fields = vec![
            Field::required("displayName", NAME, Kind::Text),
            Field::optional("symbol", SYMBOL, Kind::Text),
            Field::optional("description", DESCRIPTION, Kind::Text),
            Field::optional("units.singular", "One is called", Kind::Text).hint("As in token"),
            Field::optional("units.plural", "Many are called", Kind::Text).hint("As in tokens"),
            Field::required("overdraft", SHORT, Kind::One(short)),
            Field::optional("unitCost.amount", PRICE, Kind::Amount)
                .hint("In money; for auto-recharges that name no price"),
            Field::optional("unitCost.currency", "Money of the price", Kind::Text)
                .hint("In ISO 4217, as in usd"),
        ];
        fields.extend(metadata_field(form));
        fields
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let Currency { units, unit_cost, .. } = &self.0;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let of_units = |pick: fn(&Units) -> &String| units.as_ref().map(pick).cloned();
        let amount = unit_cost.as_ref().map(|price| price.amount.0.to_string());
        let money = unit_cost.as_ref().map(|price| price.currency.clone());
        let form = Form::of([
            ("displayName", self.0.display_name.as_str()),
            ("symbol", &text(&self.0.symbol)),
            ("description", &text(&self.0.description)),
            ("units.singular", &of_units(|units| &units.singular).unwrap_or_default()),
            ("units.plural", &of_units(|units| &units.plural).unwrap_or_default()),
            ("overdraft", self.0.overdraft.as_deref().unwrap_or("ALLOW")),
            ("unitCost.amount", &amount.unwrap_or_default()),
            ("unitCost.currency", &money.unwrap_or_default()),
        ]);
        with_metadata(form, &self.0.metadata)
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = Line::each(lines_of(&self.0), written(form)?);
        let notes = html! {
            p { "It holds from now on, for every wallet of " code { (self.0.id) } ". What was granted "
                "and consumed stays as it is." }
        };
        Plan::of_changes(lines, Some(notes), "Change the currency")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut changes = Changes::of(form);
        let name = form.written("displayName");
        changes.put("displayName", NAME, name, json!(name));
        for (name, what) in [("symbol", SYMBOL), ("description", DESCRIPTION)] {
            let text = form.text(name);
            changes.put(name, what, text.unwrap_or("–"), json!(text));
        }
        let units = written_units(form);
        let value = units.map(|(one, many)| json!({"singular": one, "plural": many}));
        changes.put("units", UNITS, &units_in_words(units), json!(value));
        let short = form.text("overdraft").filter(|word| *word != "ALLOW");
        changes.put("overdraft", SHORT, when_short(form), json!(short));
        let price = written_price(form);
        let words = or_dash(price.as_ref().map(|(.., words)| words.as_str()));
        let value = price.map(|(amount, money, _)| json!({"amount": amount, "currency": money}));
        changes.put("unitCost", PRICE, &words, json!(value));
        put_metadata(&mut changes);
        Operation::patch(Currency::target(&self.0.id, ""), changes.body())
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let currencies = Currencies::all(&visit.api).await?;
        let currency = currencies.find(&self.0.id).ok_or(Failure::NotFound)?;
        Ok(lines_of(currency).into_iter().map(|(_, words)| words).collect())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The currency was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all currencies".to_owned(), visit.address("/currencies"))
    }
}
