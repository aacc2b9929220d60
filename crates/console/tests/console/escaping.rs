//! Nothing that somebody wrote becomes markup.

use serde_json::json;

use crate::support::World;

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

#[tokio::test]
async fn what_people_write_stays_text() {
    let world = World::furnished().await;
    let customer = json!({"id": "evil", "name": EVIL, "email": EVIL, "metadata": {EVIL: EVIL}});
    world.ask("/customers", customer).await;
    let currency = json!({
        "id": "gold", "displayName": "<b>Gold</b>", "symbol": "<i>", "description": EVIL,
        "units": {"singular": "<u>", "plural": "<u>s"},
    });
    world.ask("/credits/custom-currencies", currency).await;
    let grant = world
        .grant(json!({
            "customerId": "evil", "currencyId": "gold", "displayName": EVIL, "amount": 10,
            "comment": EVIL, "metadata": {EVIL: EVIL},
        }))
        .await;
    world
        .ask(
            "/credits/consumption",
            json!({
                "customerId": "evil", "currencyId": "gold", "amount": 1, "idempotencyKey": EVIL,
                "dimensions": {"model": EVIL},
            }),
        )
        .await;
    world.ask("/webhooks", json!({"url": "https://example.com/<x>", "description": EVIL})).await;
    world.ask("/api-keys", json!({"name": EVIL, "scopes": ["read"]})).await;
    world.ask("/environments", json!({"id": "evil", "displayName": EVIL, "type": "SANDBOX"})).await;
    world.ask("/accounts", json!({"id": "evil", "displayName": EVIL})).await;
    let id = grant["id"].as_str().unwrap();
    let evil = form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    for path in [
        String::new(),
        format!("/customers?search={evil}"),
        "/customers".to_owned(),
        "/customers/evil".to_owned(),
        format!("/customers/evil/usage?groupBy={evil}&timeRange={evil}"),
        "/customers/evil/usage?groupBy=model".to_owned(),
        "/customers/evil/grants".to_owned(),
        format!("/customers/evil/grants/{id}"),
        format!("/customers/evil/grants/{id}/void"),
        "/customers/evil/ledger".to_owned(),
        "/customers/evil/balance".to_owned(),
        format!("/customers/evil/balance?at={evil}"),
        "/customers/evil/edit".to_owned(),
        "/customers/evil/auto-recharge".to_owned(),
        format!("/customers/evil/consumption/refund?currencyId=gold&consumptionKey={evil}"),
        format!("/customers/evil/grants/new?currencyId={evil}&resourceId={evil}"),
        "/currencies".to_owned(),
        "/webhooks".to_owned(),
        "/api-keys".to_owned(),
        "/customers/evil/portal-links/make".to_owned(),
        "/environments".to_owned(),
        "/environments/evil/reset".to_owned(),
        "/accounts".to_owned(),
        "/accounts/evil/archive".to_owned(),
    ] {
        let told = world.page(&path).await;
        for raw in ["<script>alert", "<img", "<b>Gold", "onerror=alert(2)>\"", "<u>", "<i>", "<x>"]
        {
            assert!(!told.text.contains(raw), "{path}: {raw} in {}", told.text);
        }
        assert!(told.status.as_u16() < 500, "{path}: {}", told.text);
    }
    let fields = [("currencyId", "gold"), ("amount", EVIL), ("displayName", EVIL)];
    let told = world.send("/customers/evil/grants/new", &fields).await.is(400);
    assert!(!told.text.contains("<script>alert") && !told.text.contains("<img"));
}
