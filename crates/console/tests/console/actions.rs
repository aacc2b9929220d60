//! What forms do: what will change, then what changed, once.

use serde_json::Value;

use crate::support::World;

const GRANT: &str = "/customers/acme/grants/new";

fn gift<'a>(amount: &'a str, priority: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("currencyId", "tokens"),
        ("amount", amount),
        ("displayName", "Sorry"),
        ("grantType", "PROMOTIONAL"),
        ("paymentCollectionMethod", "NONE"),
        ("priority", priority),
    ]
}

async fn available(world: &World) -> String {
    let balances = world.read("/credits/balances?customerId=acme").await;
    balances[0]["available"].to_string()
}

#[tokio::test]
async fn a_grant_is_seen_before_and_after() {
    let world = World::furnished().await;
    let plan = world.send(GRANT, &gift("20", "5")).await.is(200);
    insta::assert_snapshot!("grant_plan", plan.words());
    assert_eq!(available(&world).await, "137.5");
    let done = world.confirm(GRANT, &plan).await.is(200);
    insta::assert_snapshot!("grant_done", done.words());
    assert_eq!(available(&world).await, "157.5");
}

/// However often the button is pressed, it happens once, and the second answer says so.
#[tokio::test]
async fn a_double_click_grants_once() {
    let world = World::furnished().await;
    let plan = world.send(GRANT, &gift("20", "")).await.is(200);
    let (one, two) = tokio::join!(world.confirm(GRANT, &plan), world.confirm(GRANT, &plan));
    let answers = [one.text, two.text];
    let granted = answers.iter().filter(|text| text.contains("were granted"));
    assert!(granted.count() >= 1);
    let again = world.confirm(GRANT, &plan).await.is(200);
    again.says("it was not done a second time");
    assert_eq!(available(&world).await, "157.5");
    let another = world.send(GRANT, &gift("20", "")).await.is(200);
    world.confirm(GRANT, &another).await.is(200);
    assert_eq!(available(&world).await, "177.5");
}

/// A refusal stands beside the field that it names, and what was written is still there.
#[tokio::test]
async fn refusals_stand_beside_their_fields() {
    let world = World::furnished().await;
    for (field, value, refused) in [
        ("amount", "much", "amount must be"),
        ("amount", "-1", "amount must be"),
        ("priority", "101", "priority must be"),
        ("expireAt", "tomorrow", "expireAt must be"),
        ("cost.currency", "gold", "cost.currency must be"),
    ] {
        let mut fields = gift("20", "5");
        fields.retain(|(name, _)| *name != field);
        fields.extend([(field, value), ("cost.amount", "1"), ("step", "")]);
        let mut told = world.send(GRANT, &fields).await;
        if told.status == 200 {
            told = world.confirm(GRANT, &told).await;
        }
        let told = told.is(400).says("Nothing was changed").says(refused);
        let beside = format!("<p class=\"wrong\" id=\"{field}-wrong\">");
        assert!(told.text.contains(&beside), "{}", told.text);
        assert!(told.text.contains(&format!("value=\"{value}\"")), "{}", told.text);
    }
    assert_eq!(available(&world).await, "137.5");
}

#[tokio::test]
async fn a_grant_is_voided() {
    let world = World::furnished().await;
    let grants = world.read("/credits/grants?customerId=acme").await;
    let id = grants[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/customers/acme/grants/{id}/void");
    let plan = world.page(&path).await.is(200);
    insta::assert_snapshot!("void_plan", plan.words());
    world.confirm(&path, &plan).await.is(200).says("The grant Gift was voided");
    assert_eq!(available(&world).await, "100");
    world.confirm(&path, &plan).await.is(200).says("not done a second time");
}

#[tokio::test]
async fn credits_are_consumed_and_given_back() {
    let world = World::furnished().await;
    let path = "/customers/acme/consumption/new";
    let fields = [
        ("currencyId", "tokens"),
        ("amount", "40"),
        ("onInsufficient", "REJECT"),
        ("reason", "test"),
    ];
    let plan = world.send(path, &fields).await.is(200);
    insta::assert_snapshot!("consume_plan", plan.words());
    world.confirm(path, &plan).await.is(200).says("40 were consumed");
    assert_eq!(available(&world).await, "97.5");
    let ledger = world.page("/customers/acme/ledger").await.is(200);
    assert!(ledger.text.contains("consumption/refund?currencyId=tokens&amp;consumptionKey="));
    let path = "/customers/acme/consumption/refund?currencyId=tokens&consumptionKey=request-1";
    let fields = [("consumptionKey", "request-1"), ("amount", "2.5")];
    let plan = world.send(path, &fields).await.is(200);
    world.confirm(path, &plan).await.is(200).says("2.5 were given back");
    assert_eq!(available(&world).await, "100");
}

#[tokio::test]
async fn what_is_short_is_refused_in_the_words_of_the_api() {
    let world = World::furnished().await;
    let path = "/customers/acme/consumption/new";
    let fields = [("currencyId", "tokens"), ("amount", "1000"), ("onInsufficient", "REJECT")];
    let plan = world.send(path, &fields).await.is(200).says("As you asked, it would be refused");
    world.confirm(path, &plan).await.is(402).says("Nothing was changed");
    assert_eq!(available(&world).await, "137.5");
}

/// The order that the page foretells is the one in which credits are consumed.
#[tokio::test]
async fn the_burn_order_is_the_real_one() {
    let world = World::furnished().await;
    for (name, members) in [
        ("Ends late", serde_json::json!({"expireAt": "2026-12-01T00:00:00Z"})),
        ("Ends soon", serde_json::json!({"expireAt": "2026-02-01T00:00:00Z"})),
        ("Last", serde_json::json!({"priority": 90})),
        ("Bought", serde_json::json!({"grantType": "PAID"})),
    ] {
        let mut members = members;
        members["displayName"] = Value::from(name);
        members["amount"] = Value::from(10);
        world.grant(members).await;
        world.pass(1_000);
    }
    let path = "/customers/acme/consumption/new";
    let fields = [("currencyId", "tokens"), ("amount", "177"), ("onInsufficient", "REJECT")];
    let plan = world.send(path, &fields).await.is(200);
    let told = plan.words();
    let (_, foretold) = told.split_once("Out of which grants").unwrap();
    let foretold: Vec<&str> = foretold.lines().filter(|line| line.contains(" of ")).collect();
    world.confirm(path, &plan).await.is(200);
    let grants = world.read("/credits/grants?customerId=acme&limit=100").await;
    let rows = world.read("/credits/ledger?customerId=acme&eventType=CREDITS_CONSUMED").await;
    let mut rows: Vec<String> = rows.as_array().unwrap()[..foretold.len()]
        .iter()
        .map(|row| {
            let of = |grant: &&Value| grant["id"] == row["creditGrantId"];
            let grant = grants.as_array().unwrap().iter().find(of).unwrap();
            let amount = row["amount"].to_string();
            format!(
                "{} of {}",
                amount.trim_start_matches('-'),
                grant["displayName"].as_str().unwrap()
            )
        })
        .collect();
    rows.reverse();
    assert_eq!(foretold, rows);
}

#[tokio::test]
async fn an_invoice_is_marked_paid() {
    let world = World::furnished().await;
    let paid = serde_json::json!({
        "displayName": "Pack", "amount": 30, "grantType": "PAID",
        "cost": {"amount": 49, "currency": "usd"}, "paymentCollectionMethod": "INVOICE",
    });
    let grant = world.grant(paid).await;
    let invoice = grant["invoiceId"].as_str().unwrap();
    let path = format!("/invoices/{invoice}/mark-paid");
    let plan = world.page(&path).await.is(200);
    insta::assert_snapshot!("mark_paid_plan", plan.words());
    let done = world.confirm(&path, &plan).await.is(200);
    insta::assert_snapshot!("mark_paid_done", done.words());
    assert_eq!(available(&world).await, "167.5");
}

/// A key's secret is shown by the page that made it, and by no other.
#[tokio::test]
async fn a_secret_is_shown_once() {
    let world = World::furnished().await;
    let path = "/new/api-key";
    let plan = world.send(path, &[("name", "gateway"), ("scopes", "consumption")]).await.is(200);
    let done = world.confirm(path, &plan).await.is(200).says("Nothing shows it again");
    let (_, secret) = done.text.split_once("<code class=\"secret\">").unwrap();
    let (secret, _) = secret.split_once('<').unwrap();
    assert!(secret.starts_with("server-"));
    let again = world.confirm(path, &plan).await.is(200).says("is not shown again");
    let list = world.page("/api-keys").await.is(200).says("gateway");
    assert!(!again.text.contains(secret) && !list.text.contains(secret));
}

#[tokio::test]
async fn a_customer_is_archived_and_comes_back() {
    let world = World::furnished().await;
    let path = "/customers/acme/archive";
    for (verb, is_archived) in [("archived", true), ("brought back", false)] {
        let plan = world.page(path).await.is(200);
        world.confirm(path, &plan).await.is(200).says(verb);
        assert_eq!(!world.read("/customers/acme").await["archivedAt"].is_null(), is_archived);
        // Pressed again it is done no second time, and nothing goes back and forth.
        world.confirm(path, &plan).await.is(200);
        assert_eq!(!world.read("/customers/acme").await["archivedAt"].is_null(), is_archived);
    }
}

/// Only with the customer's id once more, and once however often the button is pressed.
#[tokio::test]
async fn what_was_written_of_a_customer_is_erased() {
    const ERASE: &str = "/customers/acme/erase";
    let world = World::furnished().await;
    let wrong = world.send(ERASE, &[("customerId", "acm")]).await.is(400);
    wrong.says("Nothing was changed").says("customerId must be acme");
    let plan = world.send(ERASE, &[("customerId", "acme")]).await.is(200);
    let plan = plan.says("It cannot be taken back");
    assert_ne!(world.read("/customers/acme").await["name"], Value::Null);
    let (one, two) = tokio::join!(world.confirm(ERASE, &plan), world.confirm(ERASE, &plan));
    assert!([one.text, two.text].iter().any(|text| text.contains("was erased")));
    world.confirm(ERASE, &plan).await.is(200).says("it was not done a second time");
    assert_eq!(world.read("/customers/acme").await["name"], Value::Null);
    assert_eq!(available(&world).await, "137.5");
}
