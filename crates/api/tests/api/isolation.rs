//! Nothing of another environment, and nothing of another account, is reached by anything that a request
//! can name: every identifier and every cursor, each asked for with the keys of others.

use serde_json::{Value, json};

use crate::support::{PRODUCTION, SANDBOX, World, but, consume_body, grant_body};

/// What somebody has, by the names that paths give it.
struct Things(Vec<(&'static str, String)>);

impl Things {
    /// A path with the things in it.
    fn filled(&self, path: &str) -> String {
        let named =
            |path: String, (name, id): &(&str, String)| path.replace(&format!("{{{name}}}"), id);
        self.0.iter().fold(path.to_owned(), named)
    }
}

/// Everything that there is, once, in production: things with identifiers that were minted, so that
/// nobody else has the same ones, and a cursor of every list.
async fn everything(world: &World) -> Things {
    let id = |data: &Value| data["id"].as_str().unwrap().to_owned();
    world.post("/api/v1/customers", json!({"id": "d"})).await.is(201);
    let points = json!({
        "id": "points",
        "displayName": "Points",
        "units": {"singular": "point", "plural": "points"},
    });
    world.post("/api/v1/credits/custom-currencies", points).await.is(201);
    let grant = world.grant(10).await;
    world.grant(5).await;
    let paid = json!({
        "grantType": "PAID",
        "cost": {"amount": 5, "currency": "usd"},
        "paymentCollectionMethod": "INVOICE",
    });
    let billed = but(grant_body(5), paid);
    let invoices = [
        world.post("/api/v1/credits/grants", billed.clone()).await.is(201).data(),
        world.post("/api/v1/credits/grants", billed).await.is(201).data(),
    ];
    let invoice = invoices[0]["invoiceId"].as_str().unwrap().to_owned();
    for key in ["theirs", "another"] {
        world.post("/api/v1/credits/consumption", consume_body(1, key)).await.is(200);
        let hold = json!({
            "customerId": "c", "currencyId": "credits", "amount": 1, "reservationId": key,
        });
        world.post("/api/v1/credits/reservations", hold).await.is(200);
    }
    for recurring in ["theirs", "another"] {
        let path = format!("/api/v1/credits/recurring-grants/{recurring}");
        let body = json!({
            "customerId": "c", "currencyId": "credits", "amount": 3, "cadence": "MONTH",
            "displayName": "Monthly",
        });
        world.send("PUT", &path, &[], body.to_string()).await.is(200);
    }
    let link = json!({"vendorIdentifier": "STRIPE", "id": "theirs", "syncedEntityId": "cus_1"});
    world.post("/api/v1/customers/c/integrations", link).await.is(201);
    let hook = json!({"url": "https://example.com/a"});
    let webhook = id(&world.post("/api/v1/webhooks", hook).await.is(201).data());
    for _ in 0..2 {
        world.post(&format!("/api/v1/webhooks/{webhook}/test"), json!({})).await.is(200);
    }
    world.post("/api/v1/webhooks", json!({"url": "https://example.com/b"})).await.is(201);
    let deliveries = world.get(&format!("/api/v1/webhooks/{webhook}/deliveries")).await.is(200);
    let delivery = id(&deliveries.data()[0]);
    let key = json!({"name": "Theirs", "scopes": ["read"]});
    let key = id(&world.post("/api/v1/api-keys", key).await.is(201).data());
    Things(vec![
        ("grant", grant),
        ("invoice", invoice),
        ("webhook", webhook),
        ("delivery", delivery),
        ("key", key),
    ])
}

/// Lists whose cursors say where to go on.
const LISTS: [&str; 10] = [
    "/api/v1/credits/grants?customerId=c",
    "/api/v1/credits/ledger?customerId=c",
    "/api/v1/credits/reservations?customerId=c",
    "/api/v1/credits/recurring-grants?customerId=c",
    "/api/v1/credits/custom-currencies?",
    "/api/v1/customers?",
    "/api/v1/invoices?",
    "/api/v1/customers/c/invoices?",
    "/api/v1/events-log?",
    "/api/v1/api-keys?",
];

/// What can be asked of a thing, by its identifier.
const ASKED: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/credits/grants/{grant}", ""),
    ("PATCH", "/api/v1/credits/grants/{grant}", r#"{"displayName": "Mine"}"#),
    ("POST", "/api/v1/credits/grants/{grant}/void", ""),
    ("GET", "/api/v1/invoices/{invoice}", ""),
    ("POST", "/api/v1/invoices/{invoice}/mark-paid", ""),
    ("POST", "/api/v1/invoices/{invoice}/cancel", ""),
    ("POST", "/api/v1/invoices/{invoice}/retry", ""),
    ("POST", "/api/v1/invoices/{invoice}/refund", r#"{"amount": 1, "idempotencyKey": "k"}"#),
    ("GET", "/api/v1/credits/reservations/theirs?customerId=c&currencyId=credits", ""),
    (
        "POST",
        "/api/v1/credits/reservations/theirs/release",
        r#"{"customerId": "c", "currencyId": "credits", "consumedAmount": 1}"#,
    ),
    (
        "POST",
        "/api/v1/credits/reservations/theirs/extend",
        r#"{"customerId": "c", "currencyId": "credits", "ttlSeconds": 60}"#,
    ),
    (
        "POST",
        "/api/v1/credits/consumption/refund",
        r#"{"customerId": "c", "currencyId": "credits", "consumptionKey": "theirs",
            "idempotencyKey": "back"}"#,
    ),
    ("GET", "/api/v1/credits/recurring-grants/theirs", ""),
    ("DELETE", "/api/v1/credits/recurring-grants/theirs", ""),
    ("GET", "/api/v1/customers/d", ""),
    ("PATCH", "/api/v1/customers/d", r#"{"name": "Mine"}"#),
    ("POST", "/api/v1/customers/d/archive", ""),
    ("GET", "/api/v1/customers/d/resources", ""),
    ("GET", "/api/v1/credits/balances?customerId=d", ""),
    ("GET", "/api/v1/credits/usage?customerId=d&currencyId=credits", ""),
    ("GET", "/api/v1/credits/ledger/export?customerId=d", ""),
    ("GET", "/api/v1/customers/c/integrations/theirs", ""),
    ("DELETE", "/api/v1/customers/c/integrations/theirs", ""),
    ("GET", "/api/v1/webhooks/{webhook}", ""),
    ("PATCH", "/api/v1/webhooks/{webhook}", "{}"),
    ("DELETE", "/api/v1/webhooks/{webhook}", ""),
    ("POST", "/api/v1/webhooks/{webhook}/rotate-secret", "{}"),
    ("POST", "/api/v1/webhooks/{webhook}/test", "{}"),
    ("GET", "/api/v1/webhooks/{webhook}/deliveries", ""),
    ("GET", "/api/v1/webhooks/{webhook}/deliveries/{delivery}", ""),
    ("POST", "/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", "{}"),
    ("GET", "/api/v1/api-keys/{key}", ""),
    ("PATCH", "/api/v1/api-keys/{key}", "{}"),
    ("DELETE", "/api/v1/api-keys/{key}", ""),
    ("POST", "/api/v1/api-keys/{key}/rotate-secret", "{}"),
];

/// Keys of other environments, in which everything that has a name is called the same, but for `d`.
async fn strangers(world: &World) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let acme = world.post("/api/v1/accounts", json!({"id": "acme"})).await.is(201).data();
    let staging = json!({"id": "staging", "type": "PRODUCTION"});
    let staging = world.post("/api/v1/environments", staging).await.is(201).data();
    let strangers = vec![
        ("the sandbox", SANDBOX.to_owned()),
        ("another environment", text(&staging["apiKey"]["secret"])),
        ("another account", text(&acme["environment"]["apiKey"]["secret"])),
    ];
    for (_, key) in &strangers {
        let headers = [("x-api-key", key.as_str())];
        world.send("POST", "/api/v1/customers", &headers, r#"{"id": "c"}"#).await.is(201);
        let currency = json!({
            "id": "credits",
            "displayName": "Credits",
            "units": {"singular": "credit", "plural": "credits"},
        });
        let currencies = "/api/v1/credits/custom-currencies";
        world.send("POST", currencies, &headers, currency.to_string()).await.is(201);
    }
    strangers
}

#[tokio::test]
async fn nothing_of_another_environment_is_reached() {
    let world = World::furnished().await;
    let things = everything(&world).await;
    let strangers = strangers(&world).await;
    let deliveries = things.filled("/api/v1/webhooks/{webhook}/deliveries?");
    let lists = LISTS.iter().copied().chain([deliveries.as_str(), "/api/v1/webhooks?"]);
    let mut cursors = Vec::new();
    for list in lists {
        let first = world.get(&format!("{list}&limit=1")).await.is(200);
        let next = first.cursor("next").unwrap_or_else(|| panic!("{list}: {}", first.text));
        cursors.push((format!("{list}&limit=1&after={next}"), next));
    }
    let export = world.get("/api/v1/credits/ledger/export").await.is(200);
    let line: Value = serde_json::from_str(export.text.lines().next().unwrap()).unwrap();
    let cursor = line["cursor"].as_str().unwrap().to_owned();
    cursors.push((format!("/api/v1/credits/ledger/export?after={cursor}"), cursor));
    for (who, key) in &strangers {
        let headers = [("x-api-key", key.as_str())];
        for (path, _) in &cursors {
            let told = world.send("GET", path, &headers, "").await;
            // The endpoint of the deliveries is nobody's there.
            let is_refused = [400, 404].contains(&told.status.as_u16());
            assert!(is_refused, "{who}: GET {path}: {} {}", told.status, told.text);
        }
        for (method, path, body) in ASKED {
            let path = things.filled(path);
            let told = world.send(method, &path, &headers, body).await;
            assert_eq!(told.status, 404, "{who}: {method} {path}: {}", told.text);
        }
        // What lists everything lists nothing of others.
        let own = world.send("GET", "/api/v1/credits/ledger/export", &headers, "").await.is(200);
        assert_eq!(own.text.lines().count(), 1, "{who}: {}", own.text);
        for (list, items) in
            [("/api/v1/customers", 1), ("/api/v1/webhooks", 0), ("/api/v1/invoices", 0)]
        {
            let told = world.send("GET", list, &headers, "").await.is(200);
            assert_eq!(told.data().as_array().unwrap().len(), items, "{who}: {list}");
        }
    }
    // Nothing of it changed anything, and their owner reaches every one.
    for (path, _) in &cursors {
        world.get(path).await.is(200);
    }
    for (method, path, body) in ASKED.iter().filter(|(method, _, _)| *method == "GET") {
        let path = things.filled(path);
        let told = world.send(method, &path, &[("x-api-key", PRODUCTION)], body).await;
        assert_eq!(told.status, 200, "{method} {path}: {}", told.text);
    }
}

/// A key under which something was done is another one elsewhere, and so is what it was done to.
#[tokio::test]
async fn an_idempotency_key_belongs_to_its_environment() {
    let world = World::furnished().await;
    let strangers = strangers(&world).await;
    let body = grant_body(5).to_string();
    let once = [("idempotency-key", "k")];
    let grants = "/api/v1/credits/grants";
    let first = world.send("POST", grants, &once, &body).await.is(201);
    for (who, key) in &strangers {
        let headers = [("x-api-key", key.as_str()), once[0]];
        let told = world.send("POST", grants, &headers, &body).await.is(201);
        assert_eq!(told.header("idempotent-replayed"), "", "{who}");
        assert_ne!(told.data()["id"], first.data()["id"], "{who}");
    }
}

/// Accounts see their own environments, and reach none of others by their names.
#[tokio::test]
async fn nothing_of_another_account_is_administered() {
    let world = World::furnished().await;
    let strangers = strangers(&world).await;
    let acme = strangers[2].1.as_str();
    let headers = [("x-api-key", acme)];
    let names = |told: &Value, member: &str| -> Vec<String> {
        let all = told.as_array().unwrap().iter();
        all.map(|it| it[member].as_str().unwrap().to_owned()).collect()
    };
    let theirs = world.send("GET", "/api/v1/environments", &headers, "").await.is(200).data();
    assert_eq!(names(&theirs, "id"), ["acme-production"]);
    let theirs = world.send("GET", "/api/v1/accounts", &headers, "").await.is(200).data();
    assert_eq!(names(&theirs, "id"), ["acme"]);
    for deed in ["archive", "reset"] {
        for id in ["production", "sandbox", "staging", "nothing"] {
            let path = format!("/api/v1/environments/{id}/{deed}");
            let told = world.send("POST", &path, &headers, "").await;
            told.refuses(404, "EnvironmentNotFound", "environmentId");
        }
        let path = format!("/api/v1/environments/acme-production/{deed}");
        let told = world.get("/api/v1/environments").await.is(200).data();
        assert_eq!(names(&told, "id"), ["production", "sandbox", "staging"]);
        world.post(&path, json!({})).await.refuses(404, "EnvironmentNotFound", "environmentId");
    }
    let told = world.send("POST", "/api/v1/accounts", &headers, r#"{"id": "b"}"#).await;
    told.refuses(403, "AccessDeniedError", "`default`");
    let told = world.send("POST", "/api/v1/accounts/default/archive", &headers, "").await;
    told.refuses(403, "AccessDeniedError", "`default`");
    world.get("/api/v1/customers").await.is(200);
}
