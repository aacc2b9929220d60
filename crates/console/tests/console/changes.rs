//! What forms change of what is there already: what will change, then what changed, once, by whom.

use scrip_ledger::Role;
use serde_json::{Value, json};

use crate::support::{Told, World};

pub type Fields<'a> = &'a [(&'a str, &'a str)];

/// Sends a form, confirms what it says will change, twice, and finds it in the audit log, once.
pub async fn changed(
    world: &World,
    path: &str,
    fields: Fields<'_>,
    operation: &str,
) -> (Told, Told) {
    let plan = match fields {
        [] => world.page(path).await.is(200),
        fields => world.send(path, fields).await.is(200),
    };
    let plan = plan.says("What will change");
    let before = logged(world, operation).await;
    let done = world.confirm(path, &plan).await.is(200).says("What changed");
    let again = world.confirm(path, &plan).await.is(200);
    again.says("it was not done a second time");
    assert_eq!(logged(world, operation).await, before + 1, "{operation}");
    (plan, done)
}

/// How often somebody did something, as the audit log shows it.
async fn logged(world: &World, operation: &str) -> usize {
    let log = world.page("/audit-log?actor=person:person_ann").await.is(200).words();
    log.split_whitespace().filter(|word| *word == operation).count()
}

async fn available(world: &World) -> String {
    let balances = world.read("/credits/balances?customerId=acme&currencyId=tokens").await;
    balances[0]["available"].to_string()
}

pub const NEW_RECURRING: &str = "/customers/acme/new/recurring-grant";
pub const MONTHLY: Fields<'_> = &[
    ("currencyId", "tokens"),
    ("amount", "20"),
    ("displayName", "Plan"),
    ("cadence", "MONTH"),
    ("recurringGrantId", "plan"),
];

#[tokio::test]
async fn a_recurring_grant_is_made_changed_and_stopped() {
    let world = World::furnished().await;
    let (plan, done) = changed(&world, NEW_RECURRING, MONTHLY, "put-recurring-grant").await;
    insta::assert_snapshot!("recurring_plan", plan.words());
    insta::assert_snapshot!("recurring_done", done.words());
    assert_eq!(available(&world).await, "157.5");
    let list = world.page("/customers/acme/recurring-grants").await.is(200);
    insta::assert_snapshot!("recurring_list", list.words());
    let path = "/customers/acme/recurring-grants/plan/edit";
    world.page(path).await.is(200);
    let fields =
        [("amount", "30"), ("displayName", "Plan"), ("cadence", "YEAR"), ("priority", "40")];
    let (plan, _) = changed(&world, path, &fields, "put-recurring-grant").await;
    plan.says("Priority 50 40").says("20 tokens each month 30 tokens each year");
    assert_eq!(available(&world).await, "157.5", "it holds from the next period on");
    let path = "/customers/acme/recurring-grants/plan/stop";
    let (plan, done) = changed(&world, path, &[], "remove-recurring-grant").await;
    plan.says("30 tokens each year Ended");
    done.says("30 tokens each year Ended");
    assert_eq!(available(&world).await, "157.5", "what it gave stays");
    world.page("/customers/acme/recurring-grants").await.is(200).says("anew each month or year");
    world.page(path).await.is(404);
}

/// Whatever is wrong is said beside its field, and nobody changes by accident what is there.
#[tokio::test]
async fn a_recurring_grant_is_refused() {
    let world = World::furnished().await;
    for (field, value) in [
        ("amount", "0"),
        ("displayName", " "),
        ("anchor", "soon"),
        ("priority", "101"),
        ("recurringGrantId", "a/b"),
    ] {
        let kept = MONTHLY.iter().copied().filter(|(name, _)| *name != field);
        let fields: Vec<_> = kept.chain([(field, value)]).collect();
        let mut told = world.send(NEW_RECURRING, &fields).await;
        if told.status == 200 {
            told = world.confirm(NEW_RECURRING, &told).await;
        }
        let told = told.is(400).says("Nothing was changed");
        assert!(told.text.contains(&format!("id=\"{field}-wrong\"")), "{field}: {}", told.words());
        assert!(told.text.contains("value=\"tokens\" selected"), "{}", told.text);
    }
    let plan = world.send(NEW_RECURRING, MONTHLY).await.is(200);
    world.confirm(NEW_RECURRING, &plan).await.is(200);
    world.send(NEW_RECURRING, MONTHLY).await.is(409).says("there is one that is called plan");
    let path = "/customers/acme/recurring-grants/plan/edit";
    let same = [("amount", "20"), ("displayName", "Plan"), ("cadence", "MONTH")];
    world.send(path, &same).await.is(400).says("how it is already");
    world.ask("/customers", json!({"id": "other"})).await;
    world.page("/customers/other/recurring-grants/plan/edit").await.is(404);
}

/// Without an id it is called by the request: a second press does not make another one.
#[tokio::test]
async fn a_recurring_grant_needs_no_name() {
    let world = World::furnished().await;
    let fields: Vec<_> = MONTHLY[..4].to_vec();
    changed(&world, NEW_RECURRING, &fields, "put-recurring-grant").await;
    let listed = world.read("/credits/recurring-grants?customerId=acme").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_grant_is_edited() {
    let world = World::furnished().await;
    let metadata = json!({"source": "import"});
    let grant = world
        .grant(json!({"displayName": "Typo", "amount": 5, "comment": "why", "metadata": metadata}))
        .await;
    let id = grant["id"].as_str().unwrap();
    let path = format!("/customers/acme/grants/{id}/edit");
    let form = world.page(&path).await.is(200);
    assert!(form.text.contains("source=import") && form.text.contains("value=\"Typo\""));
    let fields = [
        ("displayName", "Right"),
        ("priority", "5"),
        ("expireAt", "2026-03-01T00:00:00Z"),
        ("comment", "why\r\nnot"),
        ("metadata", "source=import\r\nticket = 42\r\n"),
    ];
    let (plan, done) = changed(&world, &path, &fields, "update-grant").await;
    insta::assert_snapshot!("grant_edit_plan", plan.words());
    insta::assert_snapshot!("grant_edit_done", done.words());
    let grant = world.read(&format!("/credits/grants/{id}")).await;
    assert_eq!(grant["displayName"], "Right");
    assert_eq!(grant["priority"], 5);
    assert_eq!(grant["expireAt"], "2026-03-01T00:00:00.000Z");
    assert_eq!(grant["comment"], "why\nnot");
    assert_eq!(grant["metadata"], json!({"source": "import", "ticket": "42"}));
    // What is cleared is gone.
    let fields = [("displayName", "Right"), ("priority", "5"), ("comment", ""), ("metadata", "")];
    changed(&world, &path, &fields, "update-grant").await;
    let grant = world.read(&format!("/credits/grants/{id}")).await;
    assert_eq!((&grant["comment"], &grant["expireAt"]), (&Value::Null, &Value::Null));
    assert_eq!(grant["metadata"], json!({}));
    for (field, value) in [
        ("displayName", ""),
        ("priority", "x"),
        ("expireAt", "2026-01-01T00:00:00Z"),
        ("metadata", "no pair"),
    ] {
        let mut told = world.send(&path, &[("displayName", "Other"), (field, value)]).await;
        if field == "displayName" {
            told = world.send(&path, &[(field, value)]).await;
        }
        if told.status == 200 {
            told = world.confirm(&path, &told).await;
        }
        told.is(400).says("Nothing was changed");
    }
    world.ask(&format!("/credits/grants/{id}/void"), json!({})).await;
    let gone = world.page(&format!("/customers/acme/grants/{id}")).await.is(200);
    assert!(!gone.text.contains("/edit\""));
}

/// What somebody else changed meanwhile stays, where this form leaves it.
#[tokio::test]
async fn an_edit_changes_what_it_says_and_nothing_else() {
    let world = World::furnished().await;
    let id = world.read("/credits/grants?customerId=acme").await[0]["id"].clone();
    let path = format!("/customers/acme/grants/{}/edit", id.as_str().unwrap());
    let mine = world.send(&path, &[("displayName", "Mine"), ("priority", "10")]).await.is(200);
    let theirs = world.send(&path, &[("displayName", "Gift"), ("priority", "77")]).await.is(200);
    world.confirm(&path, &theirs).await.is(200);
    world.confirm(&path, &mine).await.is(200);
    let grant = world.read(&format!("/credits/grants/{}", id.as_str().unwrap())).await;
    assert_eq!((&grant["displayName"], &grant["priority"]), (&json!("Mine"), &json!(77)));
}

#[tokio::test]
async fn a_currency_is_edited() {
    let world = World::furnished().await;
    let path = "/currencies/tokens/edit";
    world.page(path).await.is(200);
    let fields = [
        ("displayName", "Model tokens"),
        ("symbol", "T"),
        ("units.singular", "token"),
        ("units.plural", "tokens"),
        ("overdraft", "DENY"),
        ("unitCost.amount", "0.01"),
        ("metadata", "team=billing"),
    ];
    let (plan, _) = changed(&world, path, &fields, "update").await;
    insta::assert_snapshot!("currency_edit_plan", plan.words());
    let currency = world.read("/credits/custom-currencies").await[0].clone();
    assert_eq!(currency["displayName"], "Model tokens");
    assert_eq!(currency["overdraft"], "DENY");
    assert_eq!(currency["unitCost"], json!({"amount": 0.01, "currency": "usd"}));
    assert_eq!(currency["metadata"], json!({"team": "billing"}));
    let fields = [("displayName", "Model tokens"), ("overdraft", "ALLOW"), ("metadata", "")];
    changed(&world, path, &fields, "update").await;
    let currency = world.read("/credits/custom-currencies").await[0].clone();
    assert_eq!((&currency["symbol"], &currency["units"]), (&Value::Null, &Value::Null));
    assert!(currency.get("overdraft").is_none() && currency.get("unitCost").is_none());
    for (field, value, refused) in [
        ("unitCost.amount", "-1", "unitCost.amount must be"),
        ("metadata", "x", "metadata must be"),
        ("displayName", "", "displayName must"),
    ] {
        let fields = [(field, value), ("displayName", "Model tokens")];
        world.send(path, &fields).await.is(400).says(refused);
    }
}

/// Archived, and pressed twice; then it comes back, unless another one has its id.
#[tokio::test]
async fn a_currency_is_archived_and_comes_back() {
    let world = World::furnished().await;
    let (_, done) = changed(&world, "/currencies/tokens/archive", &[], "archive").await;
    done.says("Active Archived");
    world.page("/customers/acme").await.is(200).says("AI tokens");
    let list =
        world.page("/currencies").await.is(200).says("Archived").says("Bring back AI tokens");
    assert!(!list.words().contains("Edit"));
    let path = "/currencies/tokens/unarchive";
    let late = world.page(path).await.is(200);
    let (_, done) = changed(&world, path, &[], "unarchive").await;
    done.says("Archived Active");
    world.page(path).await.is(409).says("AI tokens lives and has the id tokens");
    let plan = world.page("/currencies/tokens/archive").await.is(200);
    world.confirm("/currencies/tokens/archive", &plan).await.is(200);
    world.ask("/credits/custom-currencies", json!({"id": "tokens", "displayName": "New"})).await;
    world.confirm(path, &late).await.is(409).says("Nothing was changed").says("id:");
    world.page(path).await.is(409).says("New lives and has the id tokens");
    let list = world.page("/currencies").await.is(200).says("another one has its id");
    assert!(!list.words().contains("Bring back"), "{}", list.words());
}

/// An identifier of a reservation may be anything.
#[tokio::test]
async fn a_reservation_is_extended_and_released() {
    let world = World::furnished().await;
    let held = json!({
        "customerId": "acme", "currencyId": "tokens", "reservationId": "../job 1?",
        "amount": 30, "ttlSeconds": 3600,
    });
    world.ask("/credits/reservations", held).await;
    let list = world.page("/customers/acme/reservations").await.is(200);
    let to = |dialog: &str| {
        let found = list.links().find(|link| link.contains(&format!("/reservations/{dialog}?")));
        found.unwrap().strip_prefix("/console/production").unwrap().to_owned()
    };
    let (extend, release) = (to("extend"), to("release"));
    world.page(&extend).await.is(200);
    let fields = [("expiresAt", "2026-01-02T10:00:00Z")];
    let (plan, done) = changed(&world, &extend, &fields, "extend-reservation").await;
    plan.says("2026-01-02T10:00:00.000Z");
    done.says("2026-01-02T10:00:00.000Z");
    world.send(&extend, &fields).await.is(400).says("how it is already");
    for wrong in ["", "soon", "2025-01-01T00:00:00Z", "2026-02-01T00:00:00Z"] {
        let mut told = world.send(&extend, &[("expiresAt", wrong)]).await;
        if told.status == 200 {
            told = world.confirm(&extend, &told).await;
        }
        told.is(400).says("Nothing was changed");
    }
    for wrong in ["", "much", "-1"] {
        let told = world.send(&release, &[("consumedAmount", wrong)]).await.is(400);
        told.says("consumedAmount must be");
    }
    let (plan, done) = changed(&world, &release, &[("consumedAmount", "12.5")], "release").await;
    insta::assert_snapshot!("release_plan", plan.words());
    insta::assert_snapshot!("release_done", done.words());
    assert_eq!(available(&world).await, "125");
    let late = world.send(&release, &[("consumedAmount", "1")]).await.is(400);
    late.says("has ended already: 12.5 of its 30 were consumed");
}

/// What a job took beyond what was held is consumed as usual.
#[tokio::test]
async fn more_can_be_used_than_was_held() {
    let world = World::furnished().await;
    let held = json!({
        "customerId": "acme", "currencyId": "tokens", "reservationId": "job", "amount": 30,
        "ttlSeconds": 60,
    });
    world.ask("/credits/reservations", held).await;
    let path = "/customers/acme/reservations/release?reservationId=job&currencyId=tokens";
    let (plan, _) = changed(&world, path, &[("consumedAmount", "40")], "release").await;
    plan.says("What is more than that is consumed as usual").says("97.5 tokens");
    assert_eq!(available(&world).await, "97.5");
}

#[tokio::test]
async fn a_customer_is_edited() {
    let world = World::furnished().await;
    let path = "/customers/acme/edit";
    assert!(world.page(path).await.is(200).text.contains("<textarea id=\"metadata\""));
    let fields =
        [("name", "Acme & Co"), ("email", "a@acme.io"), ("metadata", "plan=pro\r\nseats=5")];
    let (plan, _) = changed(&world, path, &fields, "update").await;
    plan.says("plan=pro\nseats=5");
    let customer = world.read("/customers/acme").await;
    assert_eq!(customer["name"], "Acme & Co");
    assert_eq!(customer["metadata"], json!({"plan": "pro", "seats": "5"}));
    // What lines cannot say is left as it is.
    let metadata = json!({"note": "two\nlines"});
    world.ask("/customers", json!({"id": "lines", "metadata": metadata})).await;
    let path = "/customers/lines/edit";
    assert!(!world.page(path).await.is(200).text.contains("<textarea"));
    changed(&world, path, &[("name", "Lines")], "update").await;
    assert_eq!(world.read("/customers/lines").await["metadata"], metadata);
}

#[tokio::test]
async fn an_endpoint_is_edited_and_gets_a_new_secret() {
    let world = World::furnished().await;
    let made = world.ask("/webhooks", json!({"url": "https://example.com/hook"})).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/webhooks/{id}/edit");
    world.page(&path).await.is(200);
    let fields = [
        ("url", "https://example.com/other"),
        ("description", "The warehouse"),
        ("eventTypes", "credit_grant.created, credit_grant.voided"),
    ];
    let (plan, _) = changed(&world, &path, &fields, "update").await;
    plan.says("everything credit_grant.created, credit_grant.voided");
    let webhook = world.read(&format!("/webhooks/{id}")).await;
    assert_eq!(webhook["url"], "https://example.com/other");
    assert_eq!(webhook["eventTypes"].as_array().unwrap().len(), 2);
    world.send(&path, &[("url", "")]).await.is(400).says("url must not be empty");
    let path = format!("/webhooks/{id}/rotate");
    world.page(&path).await.is(200);
    let (_, done) = changed(&world, &path, &[("overlapSeconds", "3600")], "rotate-secret").await;
    done.says("Its secret");
}

#[tokio::test]
async fn an_invoice_is_refunded() {
    let world = World::furnished().await;
    let paid = json!({
        "displayName": "Pack", "amount": 100, "grantType": "PAID",
        "cost": {"amount": 30, "currency": "usd"}, "paymentCollectionMethod": "INVOICE",
    });
    let grant = world.grant(paid).await;
    let invoice = grant["invoiceId"].as_str().unwrap();
    let page = format!("/invoices/{invoice}");
    assert!(!world.page(&page).await.is(200).text.contains("/refund\""));
    world.ask(&format!("/invoices/{invoice}/mark-paid"), json!({})).await;
    world.page(&page).await.is(200).says("Record a refund");
    let path = format!("{page}/refund");
    assert!(world.page(&path).await.is(200).text.contains("value=\"30\""));
    let (plan, done) = changed(&world, &path, &[("amount", "10")], "refund-invoice").await;
    insta::assert_snapshot!("refund_plan", plan.words());
    insta::assert_snapshot!("refund_done", done.words());
    assert_eq!(available(&world).await, "204.166666667");
    for wrong in ["", "0", "20.01", "gold"] {
        let told = world.send(&path, &[("amount", wrong)]).await.is(400);
        told.says("amount must be");
    }
    changed(&world, &path, &[("amount", "20")], "refund-invoice").await;
    assert!(!world.page(&page).await.is(200).text.contains("/refund\""));
}

#[tokio::test]
async fn a_payment_provider_is_set_and_removed() {
    let world = World::furnished().await;
    let path = "/settings/payment-provider";
    world.page(path).await.is(200);
    let secret = "rk_test_0123456789abcdef";
    let fields = [
        ("secretKey", secret),
        ("webhookSecret", "whsec_0123456789"),
        ("disputeHandling", "WHEN_LOST"),
    ];
    let plan = world.send(path, &fields).await.is(200);
    assert!(!plan.words().contains(secret), "{}", plan.words());
    let (plan, done) = changed(&world, path, &fields, "put").await;
    insta::assert_snapshot!("provider_plan", plan.words());
    insta::assert_snapshot!("provider_done", done.words());
    for page in ["/settings", path, "/audit-log"] {
        let told = world.page(page).await.is(200);
        assert!(!told.text.contains(secret) && !told.text.contains("whsec_0123"), "{page}");
    }
    world.page("/settings").await.is(200).says("by Stripe").says("…cdef").says("When it is lost");
    // Whoever leaves the webhook's secret empty removes it, and is told so before.
    let fields = [("secretKey", secret), ("disputeHandling", "AT_ONCE")];
    let (plan, _) = changed(&world, path, &fields, "put").await;
    plan.says("Webhook signing secret …6789 none");
    for (field, value) in [("secretKey", ""), ("secretKey", "geheim!é")] {
        let mut told = world.send(path, &[(field, value), ("disputeHandling", "AT_ONCE")]).await;
        if told.status == 200 {
            told = world.confirm(path, &told).await;
        }
        told.is(400).says("secretKey must");
    }
    let path = "/settings/payment-provider/remove";
    let (plan, _) = changed(&world, path, &[], "remove").await;
    plan.says("by Stripe by hand");
    world.page("/settings").await.is(200).says("marked paid by hand");
    world.page(path).await.is(400).says("by hand already");
}

/// Only forward, only what is over, once, and never back.
#[tokio::test]
async fn a_month_is_closed() {
    let world = World::furnished().await;
    let path = "/revenue/close";
    assert!(world.page(path).await.is(200).text.contains("value=\"2025-12\""));
    for (month, refused) in [
        ("", "month must be"),
        ("December", "month must be"),
        ("2026-01", "month: 2026-01 is not over"),
    ] {
        world.send(path, &[("month", month)]).await.is(400).says(refused);
    }
    let plan = world.send(path, &[("month", "2025-11")]).await.is(200);
    let done = world.confirm(path, &plan).await.is(200).says("What changed");
    // A month that is closed stays so, by itself: nothing is written a second time.
    world.confirm(path, &plan).await.is(200).says("The month is closed");
    assert_eq!(logged(&world, "create").await, 1);
    insta::assert_snapshot!("close_plan", plan.words());
    insta::assert_snapshot!("close_done", done.words());
    assert!(world.page(path).await.is(200).text.contains("value=\"2025-12\""));
    for (month, refused) in [
        ("2025-11", "month: the months up to 2025-11 are closed already"),
        ("2024-01", "month: the months up to 2025-11 are closed already"),
        ("2026-01", "month: 2025-12 must be closed first"),
    ] {
        world.send(path, &[("month", month)]).await.is(400).says(refused);
    }
    let months = world.page("/revenue/months").await.is(200);
    months.says("2025-11 2026-01-02 03:04 person:person_ann nothing").says("Close a month");
    let seen = world.page_as(Role::Admin, "/console/production/revenue/months").await.is(200);
    assert!(!seen.words().contains("Close a month"));
    // What will stand is seen before: of the next months one has money in it.
    world
        .grant(json!({
            "displayName": "Pack", "amount": 10, "grantType": "PAID",
            "cost": {"amount": 30, "currency": "usd"}, "paymentCollectionMethod": "NONE",
        }))
        .await;
    world.pass(40 * 24 * 60 * 60 * 1_000);
    for (month, figures) in [
        ("2025-12", "No grant that cost anything"),
        ("2026-01", "AI tokens in USD 0 30 0 0 0 0 30"),
    ] {
        let plan = world.send(path, &[("month", month)]).await.is(200).says(figures);
        world.confirm(path, &plan).await.is(200).says("The month is closed");
    }
    let months = world.page("/revenue/months").await.is(200);
    months.says("2026-01 2026-02-11 03:04 person:person_ann 1 currency and money");
}
