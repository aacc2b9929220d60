//! `/settings/payment-provider` and `…/remove`: who collects what customers pay.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Api, Done};
use crate::component::{Choice, Field, Kind};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

const PROVIDER: &str = "/api/v1/payment-provider";
/// When a dispute takes credits.
const DISPUTES: [(&str, &str); 2] = [("AT_ONCE", "At once"), ("WHEN_LOST", "When it is lost")];
const NAMES: [&str; 4] =
    ["Payments are collected", "Secret key", "Webhook signing secret", "A dispute takes credits"];

/// Who collects payments, without secrets.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentProvider {
    provider: String,
    secret_key_hint: Option<String>,
    webhook_secret_hint: Option<String>,
    /// Where it tells what happened.
    pub events_path: Option<String>,
    dispute_handling: Option<String>,
}

impl PaymentProvider {
    /// The environment's.
    pub async fn get(api: &Api) -> Result<Self, Failure> {
        Ok(api.get(PROVIDER).await?)
    }

    /// Nobody collects: invoices are marked paid by hand.
    pub fn is_by_hand(&self) -> bool {
        self.provider == "MANUAL"
    }

    /// What is known of it, by name.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        NAMES.into_iter().zip(self.in_words())
    }

    fn in_words(&self) -> [String; 4] {
        let secret = |hint: &Option<String>| hint.as_deref().unwrap_or("none").to_owned();
        let who = if self.is_by_hand() { "by hand" } else { "by Stripe" };
        [
            who.to_owned(),
            secret(&self.secret_key_hint),
            secret(&self.webhook_secret_hint),
            disputes(self.dispute_handling.as_deref()),
        ]
    }
}

fn disputes(handling: Option<&str>) -> String {
    let known = handling.and_then(|handling| DISPUTES.iter().find(|(value, _)| *value == handling));
    known.map_or("–", |(_, words)| words).to_owned()
}

fn heading(title: &'static str, visit: &Visit) -> Heading<'static> {
    Heading::of(title, Section::Settings).below("Settings", visit.address("/settings"))
}

fn back(visit: &Visit) -> (String, String) {
    ("To the settings".to_owned(), visit.address("/settings"))
}

/// Stripe collects from now on, or with other secrets.
pub struct SetProvider(PaymentProvider);
/// Nobody collects any more.
pub struct RemoveProvider(PaymentProvider);

impl Deed for SetProvider {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        PaymentProvider::get(&visit.api).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Collect payments with Stripe", visit)
    }

    fn fields(&self, _: &Form) -> Vec<Field> {
        let disputes = DISPUTES.map(|(value, text)| Choice::of(value, text)).into();
        vec![
            Field::required("secretKey", NAMES[1], Kind::Secret).hint(
                "A restricted key, or the account's secret key. Nothing shows it again: write it \
                 here anew with every change",
            ),
            Field::optional("webhookSecret", NAMES[2], Kind::Secret)
                .hint("With which Stripe signs what it tells; empty removes one that is set"),
            Field::required("disputeHandling", NAMES[3], Kind::One(disputes)),
        ]
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let disputes = self.0.dispute_handling.as_deref().unwrap_or(DISPUTES[0].0);
        Form::of([("disputeHandling", disputes)])
    }

    async fn plan(&self, _: &Visit, form: &Form) -> Result<Plan, Failure> {
        let written = |name: &str| form.text(name).map(|_| "the one that was written");
        let missing = || Failure::of_field("secretKey must not be empty");
        let after = [
            "by Stripe",
            written("secretKey").ok_or_else(missing)?,
            written("webhookSecret").unwrap_or("none"),
            &disputes(form.text("disputeHandling")),
        ];
        let lines = Line::each(self.0.lines(), after);
        let notes = html! {
            p { "From now on Stripe collects what new grants cost that are charged or invoiced. "
                "Invoices that were made before stay with whoever was to collect them." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Save the provider", is_dangerous: true })
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut body = Map::new();
        body.insert("provider".to_owned(), json!("STRIPE"));
        for name in ["secretKey", "webhookSecret", "disputeHandling"] {
            if let Some(text) = form.text(name) {
                body.insert(name.to_owned(), json!(text));
            }
        }
        Operation::put(PROVIDER, Value::Object(body))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(PaymentProvider::get(&visit.api).await?.in_words().into())
    }

    fn told(&self, _: &Visit, done: &Done) -> (String, Option<Markup>) {
        let path = done.data.get("eventsPath").and_then(Value::as_str);
        let more = path.map(|path| {
            html! {
                p { "In Stripe's dashboard, add a webhook endpoint: this server's address with "
                    code { (path) } ". Its signing secret belongs here, so that payments are known at "
                    "once." }
            }
        });
        ("Stripe collects payments.".to_owned(), more)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}

impl Deed for RemoveProvider {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        PaymentProvider::get(&visit.api).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("Remove the payment provider", visit)
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        if self.0.is_by_hand() {
            return Err(Failure::of_field("Payments are collected by hand already."));
        }
        let after = ["by hand", "none", "none", "–"];
        let lines = Line::each(self.0.lines(), after);
        let notes = html! {
            p { "Its secrets are forgotten. New invoices are marked paid by hand. Those that Stripe was "
                "to collect wait until it is set again." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Remove the provider", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        Operation::delete(PROVIDER)
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        Ok(PaymentProvider::get(&visit.api).await?.in_words().into())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The payment provider was removed.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        back(visit)
    }
}
