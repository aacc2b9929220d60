//! `/new/account`.

use maud::{Markup, html};
use serde_json::Value;

use super::model::{Account, LIST, back, dialog};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::Field;
use crate::environments::{body, display_name, first_key, names};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// An account is made.
pub struct CreateAccount;

impl Deed for CreateAccount {
    async fn find(_: &Visit) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        dialog("New account", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        names().into()
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let lines = vec![
            Line::of("Account", "–", form.written("id")),
            Line::of("Name", "–", display_name(form)),
        ];
        let notes = html! {
            p { "It has one environment, a production, called as the account with "
                code { "-production" } " behind it. The next page shows the secret of that one's first "
                "API key, once: with it people are invited and more environments are made." }
            p { "Nobody belongs to it yet, you neither." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Make the account", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        Operation::post(LIST, body(form, &[]))
    }

    async fn state(&self, visit: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        let made = Account::get(&visit.api, form.written("id")).await?;
        Ok(vec![made.id, made.display_name])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let id_of = |it: &Value| it.get("id").and_then(Value::as_str).map(str::to_owned);
        let id = id_of(&done.data).unwrap_or_default();
        let environment = done.data.get("environment").unwrap_or(&Value::Null);
        let more = html! {
            p { "Its environment is " code { (id_of(environment).unwrap_or_default()) } "." }
            (first_key(environment))
        };
        (format!("The account {id} was made."), Some(more))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
