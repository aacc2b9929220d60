//! Grants that a payment provider collects, beside somebody who says what the provider says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use insta::assert_json_snapshot;
use scrip_api::{AppConfig, Boxed, CollectPayments, MethodRefusal, NotTaken, Payments};
use scrip_core::{Actor, CustomerId, EnvironmentId, Origin, TraceId};
use scrip_ledger::{
    CollectionOutcome, Intent, InvoiceId, Ledger, Order, ProviderSaid, ProviderStanding, Stands,
    Work,
};
use serde_json::{Value, json};

use crate::support::{Told, World, but, grant_body};

const GRANTS: &str = "/api/v1/credits/grants";
const INVOICES: &str = "/api/v1/invoices";
const PROVIDER: &str = "/api/v1/payment-provider";
const EVENTS: &str = "/api/v1/providers/stripe/production/events";
const METHOD: &str = "/api/v1/customers/c/payment-method";

/// Whoever collects: says of each invoice what comes next, nothing if nothing does.
#[derive(Default)]
struct Fake {
    ledger: Mutex<Option<Arc<dyn Ledger>>>,
    says: Mutex<VecDeque<ProviderStanding>>,
    begun: Mutex<Vec<String>>,
    hears: Mutex<VecDeque<NotTaken>>,
    heard_in: Mutex<Vec<u32>>,
    methods: Mutex<VecDeque<MethodRefusal>>,
}

impl Fake {
    fn says(&self, standing: ProviderStanding) {
        self.says.lock().unwrap().push_back(standing);
    }

    fn begun(&self) -> usize {
        self.begun.lock().unwrap().len()
    }
}

impl CollectPayments for Fake {
    fn begin(&self, environment: EnvironmentId, invoice: InvoiceId) -> Boxed<'static, ()> {
        self.begun.lock().unwrap().push(invoice.to_string());
        let said = self.says.lock().unwrap().pop_front();
        let ledger = self.ledger.lock().unwrap().clone().unwrap();
        Box::pin(async move {
            let Some(standing) = said else { return };
            let grant = ledger.grant(environment, invoice.grant()).await.unwrap().unwrap();
            let attempt = grant.latest_invoice().unwrap().provider.unwrap().attempts;
            let said = ProviderSaid::Stands(Box::new(Stands {
                payer: "cus_1".to_owned(),
                invoice: "in_1".to_owned(),
                standing,
                payment_url: Some("https://pay/in_1".to_owned()),
                pdf_url: Some("https://pdf/in_1".to_owned()),
            }));
            let (asked, next) = (Intent::Collect, ledger.now(environment));
            let outcome = CollectionOutcome { invoice, attempt, asked, said, next };
            let origin =
                Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
            let work = Work::Collect(Box::new(outcome));
            ledger.execute(Order { environment, origin, work, remember: None }).await.unwrap();
        })
    }

    fn hear<'a>(
        &'a self,
        environment: EnvironmentId,
        signature: &'a str,
        body: &'a [u8],
    ) -> Boxed<'a, Result<(), NotTaken>> {
        assert_eq!((signature, body), ("t=1,v1=x", &b"{ \"id\": 1 }"[..]), "as they came");
        self.heard_in.lock().unwrap().push(environment.0);
        let told = self.hears.lock().unwrap().pop_front();
        Box::pin(async move { told.map_or(Ok(()), Err) })
    }

    fn attach<'a>(
        &'a self,
        _: EnvironmentId,
        customer: &'a CustomerId,
        payment_method: &'a str,
    ) -> Boxed<'a, Result<(), MethodRefusal>> {
        assert_eq!((customer.as_str(), payment_method), ("c", "pm_1"));
        let told = self.methods.lock().unwrap().pop_front();
        Box::pin(async move { told.map_or(Ok(()), Err) })
    }

    fn detach<'a>(
        &'a self,
        _: EnvironmentId,
        _: &'a CustomerId,
    ) -> Boxed<'a, Result<(), MethodRefusal>> {
        let told = self.methods.lock().unwrap().pop_front();
        Box::pin(async move { told.map_or(Ok(()), Err) })
    }
}

/// A furnished world, and whoever collects beside it, in an environment that Stripe collects in.
async fn collecting() -> (World, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    let payments = Payments(Some(Arc::clone(&fake) as Arc<dyn CollectPayments>));
    let config = AppConfig { payments, ..AppConfig::default() };
    let keep = Arc::clone(&fake);
    let world = World::with(config, move |ledger| {
        *keep.ledger.lock().unwrap() = Some(Arc::clone(&ledger));
        ledger
    })
    .await;
    world.furnish().await;
    put(&world, stripe()).await.is(200);
    (world, fake)
}

fn stripe() -> Value {
    json!({"provider": "STRIPE", "secretKey": "sk_test_abcdefghijkl1234"})
}

async fn put(world: &World, body: Value) -> Told {
    world.send("PUT", PROVIDER, &[], body.to_string()).await
}

fn charge(members: Value) -> Value {
    let paid = json!({
        "grantType": "PAID",
        "cost": {"amount": 49.5, "currency": "chf"},
        "paymentCollectionMethod": "CHARGE",
    });
    but(but(grant_body(10), paid), members)
}

fn failed() -> ProviderStanding {
    ProviderStanding::Failed { message: "Your card was declined.".to_owned() }
}

fn action_required() -> ProviderStanding {
    ProviderStanding::ActionRequired { message: "Confirm the payment.".to_owned() }
}

/// Settings are replaced as a whole, and no answer shows a secret.
#[tokio::test]
async fn the_provider_of_an_environment() {
    let world = World::furnished().await;
    let manual = world.get(PROVIDER).await.is(200).json();
    assert_json_snapshot!("manual_provider", manual);
    let with_webhooks = but(stripe(), json!({"webhookSecret": "whsec_abcdefghijklmnop9876"}));
    let told = put(&world, with_webhooks.clone()).await.is(200);
    assert_json_snapshot!("stripe_provider", told.json());
    let key = [("idempotency-key", "k")];
    for _ in 0..2 {
        let body = with_webhooks.to_string();
        let again = world.send("PUT", PROVIDER, &key, body).await.is(200);
        assert_eq!(again.text, told.text);
    }
    assert_eq!(world.get(PROVIDER).await.is(200).text, told.text);
    for text in [&told.text, &world.get("/api/v1/events-log").await.text] {
        assert!(!text.contains("sk_test") && !text.contains("whsec"), "{text}");
    }
    // The other environment has its own.
    let sandbox = [("x-api-key", crate::support::SANDBOX)];
    assert_eq!(world.send("GET", PROVIDER, &sandbox, "").await.is(200).json(), manual);
    let other = put(&world, stripe()).await.is(200).data();
    assert_eq!(other["webhookSecretHint"], Value::Null, "whole");
    for _ in 0..2 {
        let removed = world.send("DELETE", PROVIDER, &[], "").await.is(200);
        assert_eq!(removed.json(), manual);
    }
    assert_eq!(put(&world, json!({"provider": "MANUAL"})).await.is(200).json(), manual);
    let rows = [
        (json!({}), "provider"),
        (json!({"provider": "PAYPAL"}), "provider"),
        (json!({"provider": "STRIPE"}), "secretKey"),
        (json!({"provider": "STRIPE", "secretKey": null}), "secretKey"),
        (json!({"provider": "STRIPE", "secretKey": ""}), "secretKey"),
        (json!({"provider": "STRIPE", "secretKey": "sk_1 sk_very_secret"}), "secretKey"),
        (json!({"provider": "STRIPE", "secretKey": "x".repeat(256)}), "secretKey"),
        (json!({"provider": "STRIPE", "secretKey": "sk_very_secret\u{e9}"}), "secretKey"),
        (but(stripe(), json!({"webhookSecret": "a b"})), "webhookSecret"),
        (json!({"provider": "MANUAL", "secretKey": "sk_very_secret"}), "secretKey"),
        (json!({"provider": "MANUAL", "webhookSecret": "whsec_very_secret"}), "webhookSecret"),
        (but(stripe(), json!({"publicKey": "pk"})), "publicKey"),
    ];
    for (body, naming) in rows {
        let told = put(&world, body).await.refuses(400, "BadUserInput", naming);
        assert!(!told.text.contains("very_secret"), "{}", told.text);
    }
    assert_eq!(world.get(PROVIDER).await.is(200).json(), manual);
}

/// What the answer to a charge says, as soon as the provider has said something.
#[tokio::test]
async fn what_a_charge_comes_to() {
    let rows = [
        (Some(ProviderStanding::Paid), ["ACTIVE", "NOT_REQUIRED", "PAID"], Value::Null, false),
        (
            Some(failed()),
            ["PAYMENT_PENDING", "FAILED", "OPEN"],
            json!("Your card was declined."),
            false,
        ),
        (
            Some(action_required()),
            ["PAYMENT_PENDING", "ACTION_REQUIRED", "OPEN"],
            json!("Confirm the payment."),
            true,
        ),
        (
            Some(ProviderStanding::Processing),
            ["PAYMENT_PENDING", "PROCESSING", "OPEN"],
            Value::Null,
            false,
        ),
        (
            Some(ProviderStanding::Canceled),
            ["PAYMENT_PENDING", "FAILED", "CANCELED"],
            Value::Null,
            false,
        ),
        (None, ["PAYMENT_PENDING", "PROCESSING", "OPEN"], Value::Null, false),
    ];
    for (said, expected, message, requires_action) in rows {
        let (world, fake) = collecting().await;
        fake.says.lock().unwrap().extend(said.clone());
        let made = world.post(GRANTS, charge(json!({}))).await.is(201).data();
        let invoice = &made["latestInvoice"];
        let found = [&made["status"], &made["paymentCollection"], &invoice["status"]];
        assert_eq!(found, expected.map(Value::from).each_ref(), "{said:?}");
        assert_eq!(invoice["errorMessage"], message, "{said:?}");
        assert_eq!(invoice["requiresAction"], requires_action, "{said:?}");
        assert_eq!(invoice["dueDate"], Value::Null);
        let (payment_url, billing_id, sync) = match said {
            None => (Value::Null, made["invoiceId"].clone(), "PENDING"),
            Some(_) => (json!("https://pay/in_1"), json!("in_1"), "SUCCESS"),
        };
        assert_eq!((&invoice["paymentUrl"], &invoice["billingId"]), (&payment_url, &billing_id));
        assert_eq!(made["syncStates"][0]["status"], sync);
        let path = format!("{GRANTS}/{}", made["id"].as_str().unwrap());
        assert_eq!(world.get(&path).await.is(200).data(), made);
    }
}

/// Whole answers of a grant, its invoice, and the customer.
#[tokio::test]
async fn a_declined_charge() {
    let (world, fake) = collecting().await;
    fake.says(failed());
    let made = world.post(GRANTS, charge(json!({}))).await.is(201).data();
    assert_json_snapshot!("grant_with_a_declined_charge", made);
    let path = format!("{INVOICES}/{}", made["invoiceId"].as_str().unwrap());
    assert_json_snapshot!("declined_invoice", world.get(&path).await.is(200).json());
    let listed = world.get("/api/v1/customers/c/invoices").await.is(200).data();
    assert_eq!(listed[0]["invoiceExternalId"], "in_1");
    let customer = world.get("/api/v1/customers/c").await.is(200).data();
    assert_eq!(customer["billingId"], "cus_1");
    let status = "BillingInvoiceStatusError";
    for verb in ["mark-paid", "cancel"] {
        let told = world.send("POST", &format!("{path}/{verb}"), &[], "").await;
        told.refuses(400, status, "payment provider");
    }
}

/// Who does not want to wait does not, and what he asked for goes on.
#[tokio::test]
async fn who_waits() {
    for (members, waits) in [
        (json!({}), true),
        (json!({"awaitPaymentConfirmation": null}), true),
        (json!({"awaitPaymentConfirmation": true}), true),
        (json!({"awaitPaymentConfirmation": false}), false),
        (json!({"paymentCollectionMethod": "INVOICE"}), true),
    ] {
        let (world, fake) = collecting().await;
        fake.says(ProviderStanding::Paid);
        let made = world.post(GRANTS, charge(members.clone())).await.is(201).data();
        let status = if waits { "ACTIVE" } else { "PAYMENT_PENDING" };
        assert_eq!(made["status"], status, "{members}");
        assert_eq!(fake.begun(), 1, "{members}");
    }
    // What nobody collects is not looked after.
    let (world, fake) = collecting().await;
    world.grant(1).await;
    let paid = json!({"billingInformation": {"isInvoicePaid": true}});
    world.post(GRANTS, charge(paid)).await.is(201);
    world.post(GRANTS, charge(json!({"paymentCollectionMethod": "NONE"}))).await.is(201);
    put(&world, json!({"provider": "MANUAL"})).await.is(200);
    world.post(GRANTS, charge(json!({"paymentCollectionMethod": "INVOICE"}))).await.is(201);
    assert_eq!(fake.begun(), 0);
}

/// A key makes one grant and asks for one payment; its answer is that of the commit.
#[tokio::test]
async fn a_key_charges_once() {
    for (name, first, second) in
        [("idempotency-key", "k", "k"), ("x-stainless-retry-count", "0", "1")]
    {
        let (world, fake) = collecting().await;
        fake.says(ProviderStanding::Paid);
        let body = charge(json!({})).to_string();
        let made = world.send("POST", GRANTS, &[(name, first)], &body).await.is(201).data();
        assert_eq!(made["status"], "ACTIVE");
        let again = world.send("POST", GRANTS, &[(name, second)], &body).await.is(201);
        assert_eq!(again.header("idempotent-replayed"), "true");
        let again = again.data();
        assert_eq!((&again["id"], &again["status"]), (&made["id"], &json!("PAYMENT_PENDING")));
        assert_eq!(again["paymentCollection"], "PROCESSING");
        assert_eq!(fake.begun(), 1, "{name}");
    }
}

#[tokio::test]
async fn another_attempt() {
    let (world, fake) = collecting().await;
    fake.says(failed());
    let made = world.post(GRANTS, charge(json!({}))).await.is(201).data();
    let invoice = made["invoiceId"].as_str().unwrap();
    let path = format!("{INVOICES}/{invoice}/retry");
    fake.says(action_required());
    let told = world.send("POST", &path, &[], "").await.is(200).data();
    assert_eq!((&told["attemptCount"], &told["requiresAction"]), (&json!(2), &json!(true)));
    fake.says(ProviderStanding::Paid);
    let key = [("idempotency-key", "k")];
    let told = world.send("POST", &path, &key, "").await.is(200).data();
    assert_eq!((&told["attemptCount"], &told["status"]), (&json!(3), &json!("PAID")));
    let again = world.send("POST", &path, &key, "").await.is(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((again.data()["status"].as_str(), fake.begun()), (Some("OPEN"), 3));
    let status = "BillingInvoiceStatusError";
    world.send("POST", &path, &[], "").await.refuses(400, status, "it is paid");
    let body = json!({"amount": 1}).to_string();
    world.send("POST", &path, &[], &body).await.refuses(400, "BadUserInput", "amount");
    let nothing = format!("{INVOICES}/nothing/retry");
    let told = world.send("POST", &nothing, &[], "").await;
    told.refuses(404, "MissingBillingInvoiceError", "invoice");
    put(&world, json!({"provider": "MANUAL"})).await.is(200);
    let made = world.post(GRANTS, charge(json!({"paymentCollectionMethod": "INVOICE"}))).await;
    let invoice = made.is(201).data()["invoiceId"].as_str().unwrap().to_owned();
    let told = world.send("POST", &format!("{INVOICES}/{invoice}/retry"), &[], "").await;
    told.refuses(400, status, "no payment provider");
}

/// A void has the invoice canceled; until it is, it is open.
#[tokio::test]
async fn a_void_is_passed_on() {
    let (world, fake) = collecting().await;
    fake.says(failed());
    let made = world.post(GRANTS, charge(json!({}))).await.is(201).data();
    let path = format!("{GRANTS}/{}", made["id"].as_str().unwrap());
    let voided = world.post(&format!("{path}/void"), json!({})).await.is(200).data();
    assert_eq!((&voided["status"], fake.begun()), (&json!("VOIDED"), 2));
    assert_eq!(voided["latestInvoice"]["status"], "OPEN");
}

#[tokio::test]
async fn refused_by_what_can_be_collected() {
    let (world, fake) = collecting().await;
    let cost = |amount: f64, currency| json!({"cost": {"amount": amount, "currency": currency}});
    for (members, digits) in [
        (cost(1.005, "chf"), "2"),
        (cost(10.5, "jpy"), "0"),
        (but(cost(1.005, "chf"), json!({"paymentCollectionMethod": "INVOICE"})), "2"),
    ] {
        let told = world.post(GRANTS, charge(members)).await;
        let told = told.refuses(400, "BadUserInput", "cost.amount");
        assert!(told.text.contains(&format!("at most {digits} fraction digits")), "{}", told.text);
    }
    assert_eq!(fake.begun(), 0);
    world.post(GRANTS, charge(cost(10.0, "jpy"))).await.is(201);
    // By hand, any amount can be asked for.
    put(&world, json!({"provider": "MANUAL"})).await.is(200);
    let by_hand = but(cost(1.005, "chf"), json!({"paymentCollectionMethod": "INVOICE"}));
    world.post(GRANTS, charge(by_hand)).await.is(201);
    let told = world.post(GRANTS, charge(json!({}))).await;
    told.refuses(400, "BillingIntegrationMissing", "CHARGE");
}

/// Events come without a key of ours, and are answered when they are written.
#[tokio::test]
async fn events_of_the_provider() {
    let (world, fake) = collecting().await;
    let send = async |path: &str, body: &[u8]| {
        let request = axum::http::Request::builder().method("POST").uri(path);
        let request = request.header("stripe-signature", "t=1,v1=x");
        world.call(request.body(axum::body::Body::from(body.to_vec())).unwrap()).await
    };
    let body = b"{ \"id\": 1 }";
    for path in [EVENTS, "/api/v1/providers/stripe/sandbox/events"] {
        assert_eq!(send(path, body).await.is(200).json(), json!({"received": true}));
    }
    // A name that was found before is that of another number after a reset, and nobody's when it is archived.
    let sandbox = "/api/v1/providers/stripe/sandbox/events";
    world.post("/api/v1/environments/sandbox/reset", json!({})).await.is(200);
    send(sandbox, body).await.is(200);
    send(sandbox, body).await.is(200);
    assert_eq!(*fake.heard_in.lock().unwrap(), [1, 2, 3, 3]);
    world.post("/api/v1/environments/sandbox/archive", json!({})).await.is(200);
    send(sandbox, body).await.refuses(404, "NotFound", "");
    let rows = [
        (NotTaken::Unknown, 404, "NotFound"),
        (NotTaken::NotBelieved("no signature fits".to_owned()), 400, "BadUserInput"),
        (NotTaken::NotNow("secret trouble".to_owned()), 503, "ServiceUnavailable"),
    ];
    for (why, status, code) in rows {
        fake.hears.lock().unwrap().push_back(why);
        let told = send(EVENTS, body).await.refuses(status, code, "");
        assert!(!told.text.contains("secret"), "{}", told.text);
    }
    for path in [
        "/api/v1/providers/stripe/nowhere/events",
        "/api/v1/providers/stripe/1/events",
        "/api/v1/providers/paypal/production/events",
        "/api/v1/providers/",
    ] {
        send(path, body).await.refuses(404, "NotFound", "");
    }
    send(EVENTS, &vec![b' '; 256 * 1024 + 1]).await.refuses(413, "BadUserInput", "262144 bytes");
    let get = world.send("GET", EVENTS, &[], "").await;
    get.refuses(405, "MethodNotAllowed", "");
    // Where nobody collects, nothing is taken.
    let world = World::furnished().await;
    let told = world.send("POST", EVENTS, &[], body).await;
    told.refuses(404, "NotFound", "");
}

#[tokio::test]
async fn payment_methods() {
    let (world, fake) = collecting().await;
    let attach = json!({
        "integrationId": "any", "paymentMethodId": "pm_1", "vendorIdentifier": "STRIPE",
    });
    let customer = world.get("/api/v1/customers/c").await.is(200).text;
    assert_eq!(world.post(METHOD, attach.clone()).await.is(200).text, customer);
    assert_eq!(world.send("DELETE", METHOD, &[], "").await.is(200).text, customer);
    let refusals = [
        (MethodRefusal::NoProvider, 400, "BillingIntegrationMissing"),
        (MethodRefusal::Refused("No such method.".to_owned()), 400, "StripeError"),
        (MethodRefusal::NotNow("secret trouble".to_owned()), 503, "ServiceUnavailable"),
    ];
    for (refusal, status, code) in refusals {
        for method in ["POST", "DELETE"] {
            fake.methods.lock().unwrap().push_back(refusal.clone());
            let body = if method == "POST" { attach.to_string() } else { String::new() };
            let told = world.send(method, METHOD, &[], body).await.refuses(status, code, "");
            assert!(!told.text.contains("secret"), "{}", told.text);
        }
    }
    let rows = [
        (json!({"vendorIdentifier": "ZUORA"}), 400, "FailedToResolveBillingIntegration"),
        (json!({"vendorIdentifier": "X"}), 400, "BadUserInput"),
        (json!({"paymentMethodId": ""}), 400, "BadUserInput"),
        (json!({"integrationId": null}), 400, "BadUserInput"),
        (json!({"billingCurrency": "xxx"}), 400, "BadUserInput"),
        (json!({"card": 1}), 400, "BadUserInput"),
    ];
    for (members, status, code) in rows {
        let told = world.post(METHOD, but(attach.clone(), members)).await;
        told.refuses(status, code, "");
    }
    let nobody = "/api/v1/customers/nobody/payment-method";
    world.post(nobody, attach.clone()).await.refuses(404, "CustomerNotFound", "nobody");
    world.send("DELETE", nobody, &[], "").await.refuses(404, "CustomerNotFound", "nobody");
    let world = World::furnished().await;
    let told = world.post(METHOD, attach).await;
    told.refuses(400, "BillingIntegrationMissing", "payment provider");
}
