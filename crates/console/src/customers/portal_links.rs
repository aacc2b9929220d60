//! `/customers/{id}/portal-links/make` and `…/end`: the links by which a customer sees what is their own.

use maud::{Markup, html};
use scrip_ledger::Scope;
use serde_json::{Map, Value, json};

use super::model::Customer;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{Choice, Field, Kind, number_or_text, section};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A link is made.
pub struct MakeLink(Customer);
/// All links of a customer end.
pub struct EndLinks(Customer);

/// Parts of the page, as the API calls them and as people do.
const PARTS: [(&str, &str); 4] = [
    ("balances", "Balances"),
    ("usage", "Usage"),
    ("grants", "Credits received"),
    ("auto-recharge", "How credits recharge"),
];
/// The most that the API gives.
const AN_HOUR: &str = "3600";

fn heading<'a>(title: &'a str, visit: &Visit, customer: &Customer) -> Heading<'a> {
    Heading::of(title, Section::Customers)
        .below("Customers", visit.address("/customers"))
        .below(customer.title(), visit.address(&customer.path()))
}

fn back(visit: &Visit, customer: &Customer) -> (String, String) {
    ("To the customer".to_owned(), visit.address(&customer.path()))
}

/// What a customer's page says of them, for whoever may make some.
pub fn about(visit: &Visit, customer: &Customer) -> Option<Markup> {
    if !visit.may(Scope::Customers) {
        return None;
    }
    let to = |deed: &str| visit.address(&format!("{}/portal-links/{deed}", customer.path()));
    let actions = html! {
        @if customer.archived_at.is_none() { a.button href=(to("make")) { "Make a link" } }
        a.button href=(to("end")) { "End all links" }
    };
    let contents = html! {
        p { "A page of the customer's own shows what it has and used. A link opens it for an hour at most." }
    };
    Some(section("portal", "Portal", Some(actions), contents))
}

/// What a form opens, in words.
fn opened(form: &Form) -> String {
    let names = form.all("scopes").map(|scope| {
        let part = PARTS.into_iter().find(|(value, _)| *value == scope);
        part.map_or(scope, |(_, words)| words)
    });
    names.collect::<Vec<_>>().join(", ")
}

fn lasts(form: &Form) -> String {
    format!("{} seconds", form.text("ttlSeconds").unwrap_or(AN_HOUR))
}

impl Deed for MakeLink {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Customer::get(&visit.api, visit.path("id")).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Make a portal link", visit, &self.0)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let parts = PARTS.map(|(value, words)| Choice::of(value, words));
        vec![
            Field::required("scopes", "It shows", Kind::Many(parts.into())),
            Field::required("ttlSeconds", "It is good for so many seconds", Kind::Number)
                .hint("60 to 3600, by real time"),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let form = Form::of([("ttlSeconds", AN_HOUR)]);
        PARTS.into_iter().fold(form, |form, (value, _)| form.and("scopes", value))
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        if form.all("scopes").next().is_none() {
            return Err(Failure::of_field("scopes must name at least one part"));
        }
        let lines = vec![
            Line::of("Link", "–", "is shown once, on the next page"),
            Line::of("It shows", "–", opened(form)),
            Line::of("It is good for", "–", lasts(form)),
        ];
        let notes = html! {
            p { "Whoever has the link sees the page." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Make the link", is_dangerous: false })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let scopes: Vec<&str> = form.all("scopes").collect();
        let mut body = Map::new();
        body.insert("scopes".to_owned(), json!(scopes));
        if let Some(seconds) = form.text("ttlSeconds") {
            body.insert("ttlSeconds".to_owned(), number_or_text(seconds));
        }
        Operation::post(Customer::target(&self.0.id, "/portal-tokens"), Value::Object(body))
    }

    async fn state(&self, _: &Visit, form: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec!["is made".to_owned(), opened(form), lasts(form)])
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let text = |name: &str| done.data.get(name).and_then(Value::as_str);
        let ends = text("expiresAt").unwrap_or_default();
        let more = html! {
            div.card {
                h2 { "The link" }
                @match text("path") {
                    Some(path) => {
                        code.secret { (path) }
                        p { "Send it to the customer, behind this server's address. It is good until "
                            (ends) ", and nothing shows it again." }
                        p { a href=(path) { "Open it" } }
                    }
                    None => {
                        p { "It was shown when the request was carried out, and is not shown again. If \
                            nobody has it, make another." }
                    }
                }
            }
        };
        ("The link was made.".to_owned(), Some(more))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}

impl Deed for EndLinks {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Customer::get(&visit.api, visit.path("id")).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("End all portal links", visit, &self.0)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! {
            p { "Every link that was made for the customer so far opens nothing any more, at once. Others \
                can be made." }
        };
        let lines = vec![Line::of("Links from before", "open what they say", "open nothing")];
        Ok(Plan { lines, notes: Some(notes), verb: "End the links", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(Customer::target(&self.0.id, "/portal-tokens"))
    }

    async fn state(&self, _: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(vec!["open nothing".to_owned()])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The customer's links have ended.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit, &self.0)
    }
}
