//! `/customers/{id}/edit`: name and email.

use maud::Markup;
use serde_json::json;

use super::model::Customer;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// What a customer is called, and where it is written to, is changed.
pub struct EditCustomer(Customer);

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("–").to_owned()
}

impl Deed for EditCustomer {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Ok(Self(Customer::get(&visit.api, visit.path("id")).await?))
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Heading::of("Edit customer", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.0.title(), visit.address(&self.0.path()))
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        vec![
            Field::optional("name", "Name", Kind::Text),
            Field::optional("email", "Email", Kind::Text),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        Form::of([
            ("name", self.0.name.as_deref().unwrap_or_default()),
            ("email", self.0.email.as_deref().unwrap_or_default()),
        ])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let line = |what: &str, name: &str, before: Option<&str>| {
            Line::of(what, or_dash(before), or_dash(form.text(name)))
        };
        Ok(Plan {
            lines: vec![
                line("Name", "name", self.0.name.as_deref()),
                line("Email", "email", self.0.email.as_deref()),
            ],
            notes: None,
            verb: "Change the customer",
            is_dangerous: false,
        })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let body = json!({"name": form.text("name"), "email": form.text("email")});
        Operation::patch(Customer::target(&self.0.id, ""), body)
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let customer = Customer::get(&visit.api, &self.0.id).await?;
        Ok(vec![or_dash(customer.name.as_deref()), or_dash(customer.email.as_deref())])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The customer was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.0.path()))
    }
}
