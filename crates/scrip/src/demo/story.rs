//! Who the demo's customers are and what they do.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use scrip_core::Timestamp;
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * 60 * 1_000;
const MONTH_DAYS: i64 = 30;
const NAMES: [&str; 12] = [
    "Aurora Labs",
    "Birch & Sons",
    "Cobalt Freight",
    "Dovetail Studio",
    "Evergreen Clinics",
    "Foundry Nine",
    "Gannet Airways",
    "Harbour Press",
    "Inkwell Legal",
    "Juniper Foods",
    "Kestrel Robotics",
    "Lumen Energy",
];
const MODELS: [(&str, i64); 3] = [("large", 40), ("medium", 12), ("small", 3)];
const USERS: [&str; 5] = ["ada", "ben", "chloe", "dmitri", "esra"];

/// A customer's month.
pub struct Customer {
    /// Its identifier.
    pub id: String,
    /// Bodies of its grants, in order.
    pub grants: Vec<Value>,
    /// Items of its consumption, in order of time.
    pub consumptions: Vec<Value>,
    /// Which of its grants is taken back at the end.
    pub voided: Option<usize>,
}

/// The body that makes a customer.
pub fn customer_body(id: &str, number: u32) -> Value {
    let index = usize::try_from(number).unwrap_or_default() % NAMES.len();
    let plan = if number.is_multiple_of(3) { "enterprise" } else { "self-serve" };
    json!({
        "id": id,
        "name": NAMES[index],
        "email": format!("billing@{id}.example"),
        "metadata": { "plan": plan },
    })
}

impl Customer {
    /// Invents a month that ends at `now`.
    pub fn invent(random: &mut StdRng, id: &str, currency: &str, now: Timestamp) -> Self {
        let appetite = random.random_range(20..400_i64);
        let mut customer =
            Self { id: id.to_owned(), grants: Vec::new(), consumptions: Vec::new(), voided: None };
        customer.invent_grants(random, currency, now, appetite);
        customer.invent_consumption(random, currency, now, appetite);
        customer
    }

    fn invent_grants(
        &mut self,
        random: &mut StdRng,
        currency: &str,
        now: Timestamp,
        appetite: i64,
    ) {
        let base = |name: &str, amount: i64| {
            json!({
                "customerId": self.id, "currencyId": currency,
                "displayName": name, "amount": amount,
            })
        };
        let with = |mut body: Value, members: Value| {
            if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
                body.extend(members);
            }
            body
        };
        let later = |days: i64| now.later(days.saturating_mul(DAY)).to_string();
        let mut grants = vec![with(
            base("Welcome credits", 500),
            json!({
                "grantType": "PROMOTIONAL", "priority": 10,
                "effectiveAt": later(-MONTH_DAYS), "expireAt": later(random.random_range(1..20)),
                "comment": "Thank you for signing up",
            }),
        )];
        for _ in 0..random.random_range(1..4) {
            let amount = appetite.saturating_mul(random.random_range(3..20));
            let cost = json!({ "amount": amount / 50 + 1, "currency": "usd" });
            grants.push(with(
                base("Credit pack", amount),
                json!({
                    "grantType": "PAID", "cost": cost, "paymentCollectionMethod": "NONE",
                    "expireAt": later(365), "metadata": { "order": format!("{:08x}", random.next_u32()) },
                }),
            ));
        }
        if random.random_bool(0.3) {
            grants.push(with(
                base("Anniversary gift", 250),
                json!({ "grantType": "PROMOTIONAL", "effectiveAt": later(7), "expireAt": later(37) }),
            ));
        }
        if random.random_bool(0.15) {
            grants.push(with(
                base("Granted by mistake", 1_000),
                json!({ "grantType": "PROMOTIONAL", "priority": 90 }),
            ));
            self.voided = Some(grants.len() - 1);
        }
        self.grants = grants;
    }

    fn invent_consumption(
        &mut self,
        random: &mut StdRng,
        currency: &str,
        now: Timestamp,
        appetite: i64,
    ) {
        for day in 0..MONTH_DAYS {
            let midnight = now.later(-(MONTH_DAYS - day) * DAY);
            let is_weekend = day % 7 >= 5;
            let requests = if is_weekend { 2 } else { random.random_range(3..15) };
            for _ in 0..requests {
                let (model, price) = MODELS[random.random_range(0..MODELS.len())];
                let user = USERS[random.random_range(0..USERS.len())];
                let thousandths = price * random.random_range(200..3_000) * appetite / 400;
                let (whole, fraction) = (thousandths / 1_000, thousandths % 1_000);
                let amount: Value = serde_json::from_str(&format!("{whole}.{fraction:03}"))
                    .unwrap_or_else(|_| json!(1));
                let at = midnight.later(random.random_range(0..DAY));
                let number = self.consumptions.len();
                if thousandths > 0 {
                    self.consumptions.push(json!({
                        "customerId": self.id, "currencyId": currency, "amount": amount,
                        "idempotencyKey": format!("{}-{number}", self.id),
                        "createdAt": at.to_string(),
                        "dimensions": { "model": model, "user": user },
                    }));
                }
            }
        }
        self.consumptions.sort_by_key(|item| item["createdAt"].to_string());
    }
}
