//! `/customers/{id}/edit`: name, email and metadata.

use maud::Markup;
use serde_json::json;

use super::model::Customer;
use crate::action::{Changes, Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{
    Field, Kind, METADATA, metadata_field, metadata_in_words, put_metadata, with_metadata,
    written_metadata,
};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// What a customer is called, where it is written to, and what is kept with it is changed.
pub struct EditCustomer(Customer);

const NAME: &str = "Name";
const EMAIL: &str = "Email";

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("–").to_owned()
}

/// How the customer is, line by line.
fn lines_of(customer: &Customer) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        (NAME, or_dash(customer.name.as_deref())),
        (EMAIL, or_dash(customer.email.as_deref())),
    ];
    lines.extend(metadata_in_words(&customer.metadata).map(|text| (METADATA.1, text)));
    lines
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

    fn fields(&self, form: &Form) -> Vec<Field> {
        let mut fields = vec![
            Field::optional("name", NAME, Kind::Text),
            Field::optional("email", EMAIL, Kind::Text),
        ];
        fields.extend(metadata_field(form));
        fields
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let form = Form::of([
            ("name", self.0.name.as_deref().unwrap_or_default()),
            ("email", self.0.email.as_deref().unwrap_or_default()),
        ]);
        with_metadata(form, &self.0.metadata)
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let mut after = vec![or_dash(form.text("name")), or_dash(form.text("email"))];
        after.extend(written_metadata(form)?.as_ref().and_then(metadata_in_words));
        Plan::of_changes(Line::each(lines_of(&self.0), after), None, "Change the customer")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut changes = Changes::of(form);
        for (name, what) in [("name", NAME), ("email", EMAIL)] {
            let text = form.text(name);
            changes.put(name, what, text.unwrap_or("–"), json!(text));
        }
        put_metadata(&mut changes);
        Operation::patch(Customer::target(&self.0.id, ""), changes.body())
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let customer = Customer::get(&visit.api, &self.0.id).await?;
        Ok(lines_of(&customer).into_iter().map(|(_, words)| words).collect())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The customer was changed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the customer".to_owned(), visit.address(&self.0.path()))
    }
}
