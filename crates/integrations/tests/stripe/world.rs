//! An account, a payer and what he buys.

use std::time::Duration;

use scrip_core::{
    CustomerId, EnvironmentId, GrantId, Money, MoneyAmount, MoneyCurrency, Timestamp,
};
use scrip_integrations::payments::provider::{
    Bill, Collected, Collection, Payer, Provider as _, Standing, Trouble,
};
use scrip_integrations::payments::stripe::{Secret, Stripe, StripeOptions};
use scrip_simulator::stripe::StandIn;
use serde_json::{Value, json};

/// What the account's webhook endpoint signs with.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_test";
/// The environment of all that is bought.
pub const ENVIRONMENT: EnvironmentId = EnvironmentId(7);
/// A payment method that works.
pub const VISA: &str = "pm_card_visa";

/// A client, and what it talks to.
pub struct World {
    pub stand_in: StandIn,
    pub stripe: Stripe,
}

impl World {
    pub async fn new() -> Self {
        Self::with_key("sk_test_of_the_test").await
    }

    pub async fn with_key(secret_key: &str) -> Self {
        let stand_in = StandIn::start("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let stripe = client(&stand_in.url(), secret_key);
        Self { stand_in, stripe }
    }

    /// A payer who is known to Stripe and is charged by this.
    pub async fn payer(&self, method: &str) -> Payer {
        let mut payer = payer();
        let id = self.stripe.ensure_payer(ENVIRONMENT, &payer).await.unwrap();
        self.stripe.attach(&id, method).await.unwrap();
        payer.billing_id = Some(id);
        payer
    }

    /// Tells the stand-in what to do.
    pub async fn told(&self, path: &str, body: Value) -> Value {
        self.stand_in.control(path, body).await.unwrap()
    }

    /// What goes wrong with requests to come, after so many.
    pub async fn fault(&self, kind: &str, after: usize) {
        self.told("faults", json!({"kind": kind, "after": after})).await;
    }

    /// Nothing goes wrong any more.
    pub async fn no_faults(&self) {
        self.told("faults", json!({"kind": "cut", "times": 0})).await;
    }

    /// The requests since it was asked last.
    pub async fn requests(&self) -> Vec<String> {
        serde_json::from_value(self.told("requests", json!({})).await).unwrap()
    }

    /// How often the grant was charged, and how much in all, in the minor unit.
    pub async fn charged(&self, bill: &Bill) -> (u64, i64) {
        let charges = self.told("charges", json!({})).await;
        let grant = &charges[bill.grant.to_string()];
        (grant["count"].as_u64().unwrap_or(0), grant["amount"].as_i64().unwrap_or(0))
    }

    /// How many events of a kind there were.
    pub async fn events(&self, kind: &str) -> usize {
        let events = self.told("events", json!({})).await;
        events.as_array().unwrap().iter().filter(|event| event["type"] == kind).count()
    }

    /// The standing after collecting.
    pub async fn standing(&self, bill: &Bill) -> Standing {
        self.stripe.collect(bill).await.unwrap().standing
    }
}

/// A client of a server.
pub fn client(base_url: &str, secret_key: &str) -> Stripe {
    Stripe::new(StripeOptions {
        base_url: base_url.to_owned(),
        secret_key: Secret::new(secret_key.to_owned()),
        webhook_secret: Some(Secret::new(WEBHOOK_SECRET.to_owned())),
        timeout: Duration::from_secs(10),
    })
    .unwrap()
}

/// A payer whom nobody knows yet.
pub fn payer() -> Payer {
    Payer {
        id: CustomerId::parse("customer-1").unwrap(),
        billing_id: None,
        name: Some("Ada & Söhne".to_owned()),
        email: Some("ada+bills@example.com".to_owned()),
    }
}

/// An amount of money.
pub fn money(amount: &str, currency: &str) -> Money {
    let currency = MoneyCurrency::parse(currency).unwrap();
    Money { amount: MoneyAmount::parse(amount).unwrap(), currency }
}

/// 49 dollars for a grant, charged.
pub fn charge(payer: Payer) -> Bill {
    Bill {
        environment: ENVIRONMENT,
        grant: GrantId::mint(3, 1234),
        payer,
        total: money("49", "usd"),
        description: "1,000 credits".to_owned(),
        how: Collection::Charge,
        known: None,
        attempt: 1,
        may_exist: false,
    }
}

/// 49 dollars for a grant, to be paid within 14 days.
pub fn invoice(payer: Payer) -> Bill {
    Bill { how: Collection::Send { days_until_due: 14, address: None }, ..charge(payer) }
}

/// The bill as it is collected again by somebody who knows only that he may have tried.
pub fn again(bill: &Bill) -> Bill {
    Bill { may_exist: true, ..bill.clone() }
}

/// The bill as it is tried again by somebody who saw how it went.
pub fn retried(bill: &Bill, before: &Collected) -> Bill {
    let known = Some(before.invoice.clone());
    Bill { known, attempt: bill.attempt + 1, may_exist: true, ..bill.clone() }
}

/// What a refusal says.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Trouble>) -> String {
    match result {
        Err(Trouble::Refused(message)) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// So many seconds after 1970.
pub fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000).unwrap()
}
