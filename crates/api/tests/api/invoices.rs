//! Invoices of the built-in `manual` provider: whole answers as snapshots, and a row for each rule.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{PRODUCTION, Told, World, but, grant_body};

const GRANTS: &str = "/api/v1/credits/grants";
const INVOICES: &str = "/api/v1/invoices";
const OF_C: &str = "/api/v1/customers/c/invoices";
const DAY: i64 = 24 * 60 * 60 * 1000;

fn bought(members: Value) -> Value {
    let paid = json!({
        "grantType": "PAID",
        "cost": {"amount": 49.5, "currency": "chf"},
        "paymentCollectionMethod": "INVOICE",
    });
    but(but(grant_body(10), paid), members)
}

/// Buys 10 credits; gives the ids of grant and invoice.
async fn buy(world: &World, members: Value) -> (String, String) {
    let made = world.post(GRANTS, bought(members)).await.is(201).data();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("invoiceId"))
}

async fn mark(world: &World, invoice: &str, verb: &str) -> Told {
    world.send("POST", &format!("{INVOICES}/{invoice}/{verb}"), &[], "").await
}

async fn payment_of(world: &World, grant: &str) -> (Value, Value, Value) {
    let mut grant = world.get(&format!("{GRANTS}/{grant}")).await.is(200).data();
    let mut take = |name: &str| grant[name].take();
    (take("status"), take("paymentCollection"), take("latestInvoice")["status"].take())
}

async fn available(world: &World) -> Value {
    let path = "/api/v1/credits/balances?customerId=c";
    world.get(path).await.is(200).data()[0]["available"].take()
}

#[tokio::test]
async fn from_open_to_paid() {
    let world = World::furnished().await;
    let made = world.post(GRANTS, bought(json!({"resourceId": "site"}))).await.is(201).data();
    assert_json_snapshot!("grant_with_an_open_invoice", made);
    let id = made["invoiceId"].as_str().unwrap();
    let path = format!("{INVOICES}/{id}");
    assert_json_snapshot!("open_invoice", world.get(&path).await.is(200).json());
    world.pass(DAY);
    let paid = mark(&world, id, "mark-paid").await.is(200);
    assert_json_snapshot!("paid_invoice", paid.json());
    assert_json_snapshot!("invoice_of_a_customer", world.get(OF_C).await.is(200).json());
    let strings = [("x-scrip-numbers", "string")];
    let told = world.send("GET", &path, &strings, "").await.is(200).data();
    assert_eq!((&told["total"], &told["tax"]), (&json!("49.5"), &json!("0")));
    world.pass(DAY);
    assert_eq!(mark(&world, id, "mark-paid").await.is(200).text, paid.text, "twice");
}

/// What grant and invoice say of each other, whatever was done to them.
#[tokio::test]
async fn how_the_payment_stands() {
    let rows: [(&str, &[&str], [&str; 3]); 5] = [
        ("open", &[], ["PAYMENT_PENDING", "PROCESSING", "OPEN"]),
        ("paid", &["mark-paid"], ["ACTIVE", "NOT_REQUIRED", "PAID"]),
        ("canceled", &["cancel", "cancel"], ["PAYMENT_PENDING", "FAILED", "CANCELED"]),
        ("voided", &["void"], ["VOIDED", "FAILED", "CANCELED"]),
        ("paid and voided", &["mark-paid", "void"], ["VOIDED", "NOT_REQUIRED", "PAID"]),
    ];
    for (what, deeds, expected) in rows {
        let world = World::furnished().await;
        let (grant, invoice) = buy(&world, json!({})).await;
        for deed in deeds {
            if *deed == "void" {
                world.post(&format!("{GRANTS}/{grant}/void"), json!({})).await.is(200);
            } else {
                mark(&world, &invoice, deed).await.is(200);
            }
        }
        let (status, collection, invoice) = payment_of(&world, &grant).await;
        assert_eq!([status, collection, invoice], expected.map(Value::from), "{what}");
        let listed = world.get(&format!("{GRANTS}?customerId=c")).await.is(200).data();
        assert_eq!(listed[0]["paymentCollection"], expected[1], "{what}");
    }
}

#[tokio::test]
async fn when_it_is_due() {
    let world = World::furnished().await;
    let rows = [
        (json!({}), json!("2026-02-01T03:04:05.000Z")),
        (json!({"billingInformation": {}}), json!("2026-02-01T03:04:05.000Z")),
        (
            json!({"billingInformation": {"invoiceDaysUntilDue": null}}),
            json!("2026-02-01T03:04:05.000Z"),
        ),
        (
            json!({"billingInformation": {"invoiceDaysUntilDue": 0}}),
            json!("2026-01-02T03:04:05.000Z"),
        ),
        (
            json!({"billingInformation": {"invoiceDaysUntilDue": 365.0}}),
            json!("2027-01-02T03:04:05.000Z"),
        ),
        (json!({"billingInformation": {"isInvoicePaid": true}}), Value::Null),
    ];
    for (members, due) in rows {
        let made = world.post(GRANTS, bought(members.clone())).await.is(201).data();
        assert_eq!(made["latestInvoice"]["dueDate"], due, "{members}");
    }
}

#[tokio::test]
async fn refused_by_the_state() {
    let world = World::furnished().await;
    let (grant, voided) = buy(&world, json!({})).await;
    let (_, canceled) = buy(&world, json!({})).await;
    let (_, paid) = buy(&world, json!({})).await;
    world.post(&format!("{GRANTS}/{grant}/void"), json!({})).await.is(200);
    mark(&world, &canceled, "cancel").await.is(200);
    mark(&world, &paid, "mark-paid").await.is(200);
    let free = world.grant(1).await.replace("cred-grant-", "invoice-");
    let status = "BillingInvoiceStatusError";
    let rows = [
        (voided.as_str(), "mark-paid", 400, status, "voided"),
        (canceled.as_str(), "mark-paid", 400, status, "canceled"),
        (paid.as_str(), "cancel", 400, status, "paid"),
        (free.as_str(), "mark-paid", 404, "MissingBillingInvoiceError", "invoice"),
        (free.as_str(), "cancel", 404, "MissingBillingInvoiceError", "invoice"),
        ("nothing", "cancel", 404, "MissingBillingInvoiceError", "invoice"),
    ];
    for (id, verb, code, name, naming) in rows {
        mark(&world, id, verb).await.refuses(code, name, naming);
    }
    world.get(&format!("{INVOICES}/{free}")).await.refuses(404, "MissingBillingInvoiceError", "id");
    let charge = bought(json!({"paymentCollectionMethod": "CHARGE"}));
    let told = world.post(GRANTS, charge).await;
    told.refuses(400, "BillingIntegrationMissing", "manual provider of this environment sends");
    let body = json!({"amount": 1}).to_string();
    let told = world.send("POST", &format!("{INVOICES}/{paid}/mark-paid"), &[], &body).await;
    told.refuses(400, "BadUserInput", "amount");
}

/// Money that goes back is named by its key, and shown by invoice and grant.
#[tokio::test]
async fn refunded() {
    let world = World::furnished().await;
    let (grant, invoice) = buy(&world, json!({})).await;
    let path = format!("{INVOICES}/{invoice}/refund");
    let body = json!({"amount": 0.5, "idempotencyKey": "r"});
    world.post(&path, body.clone()).await.refuses(400, "BillingInvoiceStatusError", "not paid");
    mark(&world, &invoice, "mark-paid").await.is(200);
    let rows = [
        (json!({"amount": 0, "idempotencyKey": "r"}), 400, "BadUserInput", "amount"),
        (json!({"amount": -1, "idempotencyKey": "r"}), 400, "BadUserInput", "amount"),
        (json!({"amount": 1e16, "idempotencyKey": "r"}), 400, "AmountTooLarge", "amount"),
        (json!({"amount": 1}), 400, "BadUserInput", "idempotencyKey"),
        (json!({"amount": 1, "idempotencyKey": ""}), 400, "BadUserInput", "idempotencyKey"),
        (json!({"amount": 1000, "idempotencyKey": "r"}), 400, "InvalidArgumentError", "amount"),
    ];
    for (body, code, name, naming) in rows {
        world.post(&path, body).await.refuses(code, name, naming);
    }
    let first = world.post(&path, body.clone()).await.is(200).data();
    assert_eq!(world.post(&path, body).await.is(200).data(), first);
    assert_eq!((&first["refundedAmount"], &first["status"]), (&json!(0.5), &json!("PAID")));
    assert!(!first["refundedAt"].is_null());
    assert_eq!(world.get(&format!("{INVOICES}/{invoice}")).await.is(200).data(), first);
    let other = json!({"amount": 0.6, "idempotencyKey": "r"});
    world.post(&path, other).await.refuses(409, "DuplicatedEntityNotAllowed", "r");
    let shown = world.get(&format!("{GRANTS}/{grant}")).await.is(200).data();
    assert!(shown["takenBackAmount"].as_f64().is_some_and(|gone| gone > 0.0), "{shown}");
}

/// A key answers once, and so does an SDK's own retry.
#[tokio::test]
async fn happens_once() {
    let world = World::furnished().await;
    let (grant, invoice) = buy(&world, json!({})).await;
    for (header, first, second) in
        [("idempotency-key", "k", "k"), ("x-stainless-retry-count", "0", "1")]
    {
        let path = format!("{INVOICES}/{invoice}/mark-paid");
        let told = world.send("POST", &path, &[(header, first)], "").await.is(200);
        world.pass(1_000);
        let again = world.send("POST", &path, &[(header, second)], "").await.is(200);
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &told.text));
    }
    assert_eq!(payment_of(&world, &grant).await.0, "ACTIVE");
    assert_eq!(available(&world).await, 10);
}

#[tokio::test]
async fn an_archived_customer_pays() {
    let world = World::furnished().await;
    let (_, invoice) = buy(&world, json!({})).await;
    world.post("/api/v1/customers/c/archive", json!({})).await.is(200);
    mark(&world, &invoice, "mark-paid").await.is(200);
    assert_eq!(available(&world).await, 10);
}

#[tokio::test]
async fn paid_after_its_end() {
    let world = World::furnished().await;
    let (grant, invoice) = buy(&world, json!({"expireAt": "2026-01-04"})).await;
    world.pass(3 * DAY);
    assert_eq!(payment_of(&world, &grant).await.0, "PAYMENT_PENDING");
    mark(&world, &invoice, "mark-paid").await.is(200);
    assert_eq!(payment_of(&world, &grant).await.0, "EXPIRED");
    let told = world.get("/api/v1/events-log?type=credit_grant.paid_after_expiry").await.is(200);
    let data = told.data();
    let late = data
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["type"] == "credit_grant.paid_after_expiry");
    assert_eq!(late.unwrap()["grant"]["id"], json!(grant));
    assert_eq!(late.unwrap()["grant"]["status"], "EXPIRED");
}

#[tokio::test]
async fn lists() {
    let world = World::furnished().await;
    world.post("/api/v1/customers", json!({"id": "d"})).await.is(201);
    let mut invoices = Vec::new();
    for n in 0..7 {
        let customer = if n == 3 { "d" } else { "c" };
        invoices.push(buy(&world, json!({"customerId": customer})).await.1);
        world.pass(DAY);
    }
    for (n, verb) in [(0, "mark-paid"), (1, "cancel"), (4, "mark-paid"), (5, "cancel")] {
        mark(&world, &invoices[n], verb).await.is(200);
    }
    let from = |numbers: &[usize]| numbers.iter().map(|n| invoices[*n].clone()).collect::<Vec<_>>();
    let rows: [(&str, &str, &[usize]); 10] = [
        (INVOICES, "", &[6, 5, 4, 3, 2, 1, 0]),
        (INVOICES, "customerId=c", &[6, 5, 4, 2, 1, 0]),
        (INVOICES, "status=OPEN", &[6, 3, 2]),
        (INVOICES, "customerId=c&status=OPEN%2CPAID", &[6, 4, 2, 0]),
        (INVOICES, "status=CANCELED,PAID", &[5, 4, 1, 0]),
        (INVOICES, "status=CANCELED,PAID,OPEN", &[6, 5, 4, 3, 2, 1, 0]),
        (OF_C, "", &[0, 1, 2, 4, 5, 6]),
        (OF_C, "orderDir=DESC&stateIn=OPEN,CANCELED", &[6, 5, 2, 1]),
        (OF_C, "orderBy=issueDate&stateIn=OPEN,CANCELED", &[1, 2, 5, 6]),
        (OF_C, "issuedAfter=2026-01-04T03:04:05Z&issuedBefore=2026-01-07T03:04:05Z", &[2, 4, 5]),
    ];
    for (path, query, expected) in rows {
        for limit in [1, 2, 3, 7] {
            let path = format!("{path}?limit={limit}&{query}");
            assert_eq!(walked(&world, &path).await, from(expected), "{path}");
        }
    }
    let nothing = world.get(&format!("{OF_C}?contractExternalId=x")).await.is(200);
    assert_eq!(nothing.data(), json!([]));
    let refused = [
        (INVOICES, "status=open", 400, "BadUserInput", "status"),
        (INVOICES, "customerId=nobody", 404, "CustomerNotFound", "customerId"),
        (OF_C, "stateIn=", 400, "BadUserInput", "stateIn"),
        (OF_C, "orderDir=UP", 400, "BadUserInput", "orderDir"),
        (OF_C, "orderBy=total", 400, "UnsupportedParameter", "orderBy"),
        (OF_C, "issuedAfter=x", 400, "BadUserInput", "issuedAfter"),
        ("/api/v1/customers/nobody/invoices", "", 404, "CustomerNotFound", "nobody"),
    ];
    for (path, query, status, code, naming) in refused {
        world.get(&format!("{path}?{query}")).await.refuses(status, code, naming);
    }
    // Another environment has its own.
    let sandbox = [("x-api-key", crate::support::SANDBOX)];
    let other = world.send("GET", INVOICES, &sandbox, "").await.is(200);
    assert_eq!(other.data(), json!([]));
    let production = [("x-api-key", PRODUCTION)];
    assert_eq!(world.send("GET", INVOICES, &production, "").await.data()[0]["id"], invoices[6]);
}

/// The ids of a list, page by page to its end, and the same all the way back.
async fn walked(world: &World, path: &str) -> Vec<String> {
    let page = |cursor: String| async move {
        let told = world.get(&format!("{path}{cursor}")).await.is(200);
        let id = |item: &Value| {
            let id = item.get("id").or_else(|| item.get("invoiceId"));
            id.unwrap().as_str().unwrap().to_owned()
        };
        let ids: Vec<String> = told.data().as_array().unwrap().iter().map(id).collect();
        (ids, told.cursor("next"), told.cursor("prev"))
    };
    let mut pages = Vec::new();
    let (mut ids, mut next, mut before) = page(String::new()).await;
    assert_eq!(before, None);
    while let Some(cursor) = next {
        pages.push(ids);
        (ids, next, before) = page(format!("&after={cursor}")).await;
    }
    pages.push(ids);
    let found = pages.concat();
    let last = pages.pop().unwrap_or_default();
    let mut back = vec![last];
    while let Some(cursor) = before {
        let (ids, _, newer) = page(format!("&before={cursor}")).await;
        back.insert(0, ids);
        before = newer;
    }
    assert_eq!(back.concat(), found, "backward");
    found
}
