//! `/new/customer`.

use maud::Markup;
use serde_json::{Map, Value, json};

use super::model::{Customer, path_of};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A customer is made.
pub struct CreateCustomer;

/// What was written into a field.
fn shown(form: &Form, name: &str) -> String {
    form.text(name).unwrap_or("–").to_owned()
}

impl Deed for CreateCustomer {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("New customer", Section::Customers)
            .below("Customers", visit.address("/customers"))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let id = "Your own identifier of the customer: letters, digits and any of _ | . @ -";
        vec![
            Field::required("id", "Id", Kind::Text).hint(id),
            Field::optional("name", "Name", Kind::Text),
            Field::optional("email", "Email", Kind::Text),
        ]
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let line = |what: &str, name: &str| Line::of(what, "–", shown(form, name));
        Ok(Plan {
            lines: vec![line("Customer", "id"), line("Name", "name"), line("Email", "email")],
            notes: None,
            verb: "Make the customer",
            is_dangerous: false,
        })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        for name in ["id", "name", "email"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        Operation::post("/api/v1/customers", Value::Object(body))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let customer = Customer::get(&visit.api, form.written("id")).await?;
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        Ok(vec![customer.id, or_dash(customer.name), or_dash(customer.email)])
    }

    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>) {
        let id = done.data.get("id").and_then(Value::as_str).unwrap_or_default();
        let address = visit.address(&path_of(id));
        let link = maud::html! { p { a href=(address) { "To the customer" } } };
        (format!("The customer {id} was made."), Some(link))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To all customers".to_owned(), visit.address("/customers"))
    }
}
