//! `/new/currency`.

use maud::Markup;
use serde_json::{Map, Value, json};

use super::model::Currencies;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Choice, Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A currency is made.
pub struct CreateCurrency;

impl Deed for CreateCurrency {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("New currency", Section::Currencies)
            .below("Currencies", visit.address("/currencies"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let short = vec![
            Choice::of("ALLOW", "Overdraw: the next credits settle it"),
            Choice::of("DENY", "Refuse the consumption"),
        ];
        vec![
            Field::required("id", "Id", Kind::Text)
                .hint("How programs call it: letters, digits and any of _ | . -"),
            Field::required("displayName", "Name", Kind::Text),
            Field::optional("symbol", "Symbol", Kind::Text),
            Field::optional("description", "Description", Kind::Text),
            Field::optional("units.singular", "One is called", Kind::Text).hint("As in token"),
            Field::optional("units.plural", "Many are called", Kind::Text).hint("As in tokens"),
            Field::required("overdraft", "When the balance is short", Kind::One(short)),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([("overdraft", "ALLOW")])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let line = |what: &str, name: &str| Line::of(what, "–", form.text(name).unwrap_or("–"));
        let lines = vec![line("Currency", "id"), line("Name", "displayName")];
        Ok(Plan { lines, notes: None, verb: "Make the currency", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        for name in ["id", "displayName", "symbol", "description"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        let units = (form.text("units.singular"), form.text("units.plural"));
        if units != (None, None) {
            let (singular, plural) = units;
            let units = json!({
                "singular": singular.or(plural), "plural": plural.or(singular),
            });
            body.insert("units".to_owned(), units);
        }
        if form.text("overdraft") == Some("DENY") {
            body.insert("overdraft".to_owned(), json!("DENY"));
        }
        Operation::post("/api/v1/credits/custom-currencies", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let currencies = Currencies::all(&visit.api).await?;
        let made = currencies.find(form.written("id"));
        let text = |text: Option<&str>| text.unwrap_or("–").to_owned();
        Ok(vec![
            text(made.map(|made| made.id.as_str())),
            text(made.map(|made| made.display_name.as_str())),
        ])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The currency was made.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all currencies".to_owned(), visit.address("/currencies"))
    }
}
