//! Webhook endpoints and deliveries, as far as the API speaks of them: nobody delivers here.

use std::sync::{Arc, Mutex};

use insta::assert_json_snapshot;
use scrip_core::{Actor, Origin, TraceId};
use scrip_ledger::{EventMarks, Ledger, Order, SYSTEM, Work};
use serde_json::{Value, json};

use crate::support::{SANDBOX, World};

const HOOKS: &str = "/api/v1/webhooks";

async fn hook(world: &World, body: Value) -> Value {
    world.post(HOOKS, body).await.is(201).data()
}

#[tokio::test]
async fn an_endpoint() {
    let world = World::furnished().await;
    let body = json!({
        "url": "https://example.com/hook",
        "description": "Ours",
        "eventTypes": ["credit_balance.low", "credit_grant.created", "credit_balance.low"],
        "plainSecret": "hush",
    });
    let made = hook(&world, body).await;
    assert_json_snapshot!("made", made, {".secret" => "[secret]"});
    let secret = made["secret"].as_str().unwrap();
    assert_eq!((secret.len(), &secret[..6]), (50, "whsec_"));
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());

    let shown = world.get(&path).await.is(200);
    assert!(!shown.text.contains(secret) && !shown.text.contains("hush"), "{}", shown.text);
    let changes = json!({
        "description": null, "eventTypes": null, "plainSecret": null, "isEnabled": false
    });
    let changed = world.patch(&path, changes).await.is(200);
    assert_json_snapshot!("changed", changed.json());
    let rotated = world.post(&format!("{path}/rotate-secret"), json!({})).await.is(200).data();
    assert_ne!(rotated["secret"], made["secret"]);
    let listed = world.get(HOOKS).await.is(200);
    assert!(!listed.text.contains("whsec_"), "{}", listed.text);
    assert_eq!(listed.data()[0]["id"], made["id"]);

    // Another environment knows nothing of it.
    let other = [("x-api-key", SANDBOX)];
    world.send("GET", &path, &other, "").await.refuses(404, "WebhookEndpointNotFound", "id");
    world.send("PATCH", &path, &other, "{}").await.refuses(404, "WebhookEndpointNotFound", "id");
    world.send("DELETE", &path, &[], "").await.is(200);
    world.get(&path).await.refuses(404, "WebhookEndpointNotFound", "id");
    assert_eq!(world.get(HOOKS).await.is(200).data(), json!([]));
}

#[tokio::test]
async fn a_delivery() {
    let world = World::furnished().await;
    let made = hook(&world, json!({"url": "https://example.com/hook"})).await;
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
    let test = world.send("POST", &format!("{path}/test"), &[], "").await.is(200);
    assert_json_snapshot!("test", test.json());
    let id = test.data()["id"].as_str().unwrap().to_owned();
    let delivery = format!("{path}/deliveries/{id}");
    assert_json_snapshot!("delivery", world.get(&delivery).await.is(200).json());
    let pending = world.get(&format!("{path}/deliveries?status=PENDING")).await.is(200).data();
    assert_eq!(pending.as_array().unwrap().len(), 1);
    let failed = world.get(&format!("{path}/deliveries?status=FAILED")).await.is(200).data();
    assert_eq!(failed, json!([]));
    world.get(&format!("{path}/deliveries?status=X")).await.refuses(400, "BadUserInput", "status");
    let again = format!("{path}/deliveries/{id}/redeliver");
    world.send("POST", &again, &[], "").await.is(200);
    let unknown = format!("{path}/deliveries/none/redeliver");
    let told = world.send("POST", &unknown, &[], "").await;
    told.refuses(404, "WebhookDeliveryNotFound", "deliveryId");
    world.patch(&path, json!({"isEnabled": false})).await.is(200);
    for path in [&again, &format!("{path}/test")] {
        let told = world.send("POST", path, &[], "").await;
        told.refuses(400, "InvalidArgumentError", "disabled");
    }
}

/// Going on behind an event whose successors are gone would skip them.
#[tokio::test]
async fn a_cursor_of_the_events_log_that_is_too_old() {
    let kept: Arc<Mutex<Option<Arc<dyn Ledger>>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let world = World::with(Default::default(), move |ledger| {
        *keep.lock().unwrap() = Some(Arc::clone(&ledger));
        ledger
    })
    .await;
    world.furnish().await;
    world.grant(10).await;
    let events = world.get("/api/v1/events-log").await.is(200).data();
    let cursors: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["messageId"].as_str().unwrap())
        .collect();
    assert_eq!(cursors.len(), 2);
    let marks = EventMarks { forgotten_up_to: 2, ..EventMarks::default() };
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    let work = Work::PutRecords(vec![marks.record()]);
    let ledger = kept.lock().unwrap().clone().unwrap();
    ledger.execute(Order { environment: SYSTEM, origin, work, remember: None }).await.unwrap();
    let behind = |cursor: &str| format!("/api/v1/events-log?after={cursor}");
    world.get(&behind(cursors[0])).await.refuses(400, "BadUserInput", "after");
    world.get(&behind(cursors[1])).await.is(200);
    world.get("/api/v1/events-log").await.is(200);
}
