//! The client against localstripe, which nobody here wrote, for what it has: customers, payment
//! methods, and invoices as they are read. It has no keys, no finalising and no disputes, and makes
//! invoices only for subscriptions.
//!
//! Asked for by `SCRIP_TEST_STRIPE_URL`, of a server that has just been started.

use scrip_core::CustomerId;
use scrip_integrations::payments::provider::{Payer, Provider as _, Standing};
use scrip_integrations::payments::stripe::Stripe;
use serde_json::Value;
use ureq::Agent;

use crate::world::{ENVIRONMENT, client, payer, refused};

/// A server that is not ours, asked without the client.
struct Elsewhere {
    url: String,
    agent: Agent,
}

impl Elsewhere {
    /// None if there is none.
    fn found() -> Option<(Self, Stripe)> {
        let Ok(url) = std::env::var("SCRIP_TEST_STRIPE_URL") else {
            eprintln!("not run: SCRIP_TEST_STRIPE_URL names no server");
            return None;
        };
        let stripe = client(&url, "sk_test_12345");
        let config = Agent::config_builder().http_status_as_error(false).proxy(None);
        Some((Self { url, agent: config.build().into() }, stripe))
    }

    fn post(&self, path: &str, form: &str) -> Value {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", "Bearer sk_test_12345")
            .header("content-type", "application/x-www-form-urlencoded");
        let mut answer = request.send(form).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path}: {body}"))
    }

    fn card(&self) -> String {
        let card = "type=card&card[number]=4242424242424242&card[exp_month]=12\
                    &card[exp_year]=2040&card[cvc]=123";
        self.post("/v1/payment_methods", card)["id"].as_str().unwrap().to_owned()
    }

    /// An invoice that is paid at once: here only whoever subscribes gets one.
    fn paid_invoice(&self, customer: &str) -> String {
        self.post("/v1/plans", "id=plan-1&amount=4900&currency=eur&interval=month&name=Plan");
        let subscription = format!("customer={customer}&items[0][plan]=plan-1");
        let made = self.post("/v1/subscriptions", &subscription);
        made["latest_invoice"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }
}

fn named(id: &str) -> Payer {
    Payer { id: CustomerId::parse(id).unwrap(), ..payer() }
}

#[tokio::test]
async fn what_is_stored_is_charged_and_what_was_paid_stays_paid() {
    let Some((elsewhere, stripe)) = Elsewhere::found() else { return };
    let customer = stripe.ensure_payer(ENVIRONMENT, &named("stored")).await.unwrap();
    let known = Payer { billing_id: Some(customer.clone()), ..named("stored") };
    assert_eq!(stripe.ensure_payer(ENVIRONMENT, &known).await.unwrap(), customer);
    let card = elsewhere.card();
    for _ in 0..2 {
        stripe.attach(&customer, &card).await.unwrap();
    }
    let invoice = elsewhere.paid_invoice(&customer);
    let paid = stripe.look(&invoice).await.unwrap();
    assert_eq!((&paid.standing, &paid.payer), (&Standing::Paid, &customer));
    assert_eq!(stripe.cancel(&invoice, "paid").await.unwrap(), paid);
    for _ in 0..2 {
        stripe.detach(&customer).await.unwrap();
    }
}

#[tokio::test]
async fn whom_it_does_not_know_is_refused() {
    let Some((_, stripe)) = Elsewhere::found() else { return };
    let unknown = Payer { billing_id: Some("cus_unknown".to_owned()), ..payer() };
    refused(stripe.ensure_payer(ENVIRONMENT, &unknown).await);
    refused(stripe.look("in_unknown").await);
}
