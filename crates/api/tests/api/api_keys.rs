//! API keys: made, shown once, changed, rotated, revoked.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{PRODUCTION, SANDBOX, Told, World};

const KEYS: &str = "/api/v1/api-keys";

async fn make(world: &World, body: Value) -> Value {
    world.post(KEYS, body).await.is(201).data()
}

fn text<'k>(key: &'k Value, member: &str) -> &'k str {
    key[member].as_str().unwrap()
}

fn path(key: &Value) -> String {
    format!("{KEYS}/{}", text(key, "id"))
}

async fn ask(world: &World, secret: &str) -> Told {
    world.send("GET", "/api/v1/customers", &[("x-api-key", secret)], "").await
}

#[tokio::test]
async fn a_key_is_made_and_shown_once() {
    let world = World::new().await;
    let body = json!({
        "name": "Nightly report",
        "scopes": ["settings", "read", "read"],
        "expiresAt": "2026-02-01",
    });
    let told = world.post(KEYS, body).await.is(201);
    assert_eq!(told.header("cache-control"), "no-store");
    let made = told.data();
    assert_json_snapshot!("made", made, {".secret" => "[secret]"});
    let secret = text(&made, "secret");
    assert_eq!((&secret[..7], secret.len()), ("server-", 47));
    assert!(secret.ends_with(text(&made, "secretHint")));
    ask(&world, secret).await.is(200);
    for shown in [world.get(&path(&made)).await.is(200), world.get(KEYS).await.is(200)] {
        assert!(
            !shown.text.contains(secret) && !shown.text.contains("\"secret\""),
            "{}",
            shown.text
        );
    }
    // Another environment knows nothing of it.
    let other = [("x-api-key", SANDBOX)];
    for (method, end) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret")] {
        let body = if method == "GET" { "" } else { "{}" };
        let told = world.send(method, &format!("{}{end}", path(&made)), &other, body).await;
        told.refuses(404, "ApiKeyNotFound", "keyId");
    }
    let theirs = world.send("GET", KEYS, &other, "").await.is(200);
    assert_eq!(theirs.ids().len(), 1);
    assert_json_snapshot!("listed", world.get(KEYS).await.is(200).json());
}

/// Under an `Idempotency-Key` one key is made, and the answer that is kept has no secret.
#[tokio::test]
async fn a_repetition_does_not_show_the_secret() {
    let world = World::new().await;
    let once = [("idempotency-key", "k")];
    let body = json!({"name": "Once", "scopes": ["full"]}).to_string();
    let first = world.send("POST", KEYS, &once, &body).await.is(201).data();
    let again = world.send("POST", KEYS, &once, &body).await.is(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.data()["secret"], Value::Null);
    assert_eq!(again.data()["id"], first["id"]);
    assert_eq!(world.get(KEYS).await.is(200).ids().len(), 2);
    let rotate = format!("{}/rotate-secret", path(&first));
    let rotated = world.send("POST", &rotate, &once, "").await.is(200).data();
    let again = world.send("POST", &rotate, &once, "").await.is(200).data();
    assert_eq!(again["secret"], Value::Null);
    ask(&world, text(&rotated, "secret")).await.is(200);
    ask(&world, text(&first, "secret")).await.is(200);
}

#[tokio::test]
async fn bad_input_makes_no_key() {
    let world = World::new().await;
    for (body, naming) in [
        (json!({}), "name"),
        (json!({"name": "x"}), "scopes"),
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": " ", "scopes": ["read"]}), "name"),
        (json!({"name": "x".repeat(256), "scopes": ["read"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["read", "write"]}), "scopes[1]"),
        (json!({"name": "x", "scopes": ["full", "read"]}), "scopes"),
        (json!({"name": "x", "scopes": "read"}), "scopes"),
        (
            json!({"name": "x", "scopes": ["read"], "expiresAt": "2026-01-02T03:04:05Z"}),
            "expiresAt",
        ),
        (json!({"name": "x", "scopes": ["read"], "expiresAt": "soon"}), "expiresAt"),
        (json!({"name": "x", "scopes": ["read"], "secret": "server-1"}), "secret"),
    ] {
        world.post(KEYS, body).await.refuses(400, "BadUserInput", naming);
    }
    let key = make(&world, json!({"name": "x", "scopes": ["read"]})).await;
    let rotate = format!("{}/rotate-secret", path(&key));
    for overlap in [json!(-1), json!(7 * 86_400 + 1), json!("1"), json!(0.5)] {
        let told = world.post(&rotate, json!({"overlapSeconds": overlap})).await;
        told.refuses(400, "BadUserInput", "overlapSeconds");
    }
    world.patch(&path(&key), json!({"scopes": []})).await.refuses(400, "BadUserInput", "scopes");
    assert_eq!(world.get(&path(&key)).await.is(200).data()["updatedAt"], key["updatedAt"]);
    assert_eq!(world.get(KEYS).await.is(200).ids().len(), 2);
}

#[tokio::test]
async fn a_key_ends_and_goes_on() {
    let world = World::new().await;
    let body = json!({"name": "x", "scopes": ["read"], "expiresAt": "2026-01-02T03:05:05Z"});
    let key = make(&world, body).await;
    let secret = text(&key, "secret");
    world.pass(59_999);
    ask(&world, secret).await.is(200);
    world.pass(1);
    ask(&world, secret).await.refuses(401, "Unauthenticated", "expired");
    assert_eq!(world.get(&path(&key)).await.is(200).data()["status"], "EXPIRED");
    let rotate = format!("{}/rotate-secret", path(&key));
    world.post(&rotate, json!({})).await.refuses(400, "InvalidArgumentError", "expired");
    let goes_on = json!({"expiresAt": null, "name": "Goes on"});
    let told = world.patch(&path(&key), goes_on).await.is(200).data();
    assert_eq!((text(&told, "status"), text(&told, "name")), ("ACTIVE", "Goes on"));
    ask(&world, secret).await.is(200);
}

#[tokio::test]
async fn a_secret_is_replaced() {
    let world = World::new().await;
    let key = make(&world, json!({"name": "x", "scopes": ["read"]})).await;
    let rotate = format!("{}/rotate-secret", path(&key));
    let rotated = world.post(&rotate, json!({"overlapSeconds": 60})).await.is(200).data();
    assert_json_snapshot!("rotated", rotated, {".secret" => "[secret]"});
    let (old, new) = (text(&key, "secret"), text(&rotated, "secret"));
    assert_ne!(old, new);
    for secret in [old, new] {
        ask(&world, secret).await.is(200);
    }
    world.pass(60_000);
    ask(&world, old).await.refuses(401, "Unauthenticated", "new secret");
    ask(&world, new).await.is(200);
    assert_eq!(world.get(&path(&key)).await.data()["previousSecretEndsAt"], Value::Null);
    // A day, if nothing is said.
    let rotated = world.send("POST", &rotate, &[], "").await.is(200).data();
    assert_eq!(rotated["previousSecretEndsAt"], "2026-01-03T03:05:05.000Z");
}

#[tokio::test]
async fn a_key_is_revoked_for_good() {
    let world = World::new().await;
    let key = make(&world, json!({"name": "x", "scopes": ["full"]})).await;
    let (path, secret) = (path(&key), text(&key, "secret"));
    for _ in 0..2 {
        let told = world.send("DELETE", &path, &[], "").await.is(200).data();
        assert_eq!(
            (&told["status"], &told["revokedAt"]),
            (&json!("REVOKED"), &json!("2026-01-02T03:04:05.000Z"))
        );
        ask(&world, secret).await.refuses(401, "Unauthenticated", "revoked");
    }
    world.patch(&path, json!({"name": "y"})).await.refuses(400, "InvalidArgumentError", "revoked");
    let rotate = format!("{path}/rotate-secret");
    world.post(&rotate, json!({})).await.refuses(400, "InvalidArgumentError", "revoked");
}

/// The last full key is not taken away by mistake, nor does a key of less make one of more.
#[tokio::test]
async fn a_key_does_not_end_itself() {
    let world = World::new().await;
    let first = world.get(KEYS).await.is(200).data()[0].clone();
    let path = path(&first);
    assert_eq!((&first["name"], &first["scopes"]), (&Value::Null, &json!(["full"])));
    world.send("DELETE", &path, &[], "").await.refuses(400, "InvalidArgumentError", "itself");
    for change in [json!({"scopes": ["read"]}), json!({"expiresAt": "2027-01-01"})] {
        world.patch(&path, change).await.refuses(400, "InvalidArgumentError", "itself");
    }
    world.patch(&path, json!({"name": "First", "scopes": ["full"]})).await.is(200);
    let other = make(&world, json!({"name": "x", "scopes": ["full"]})).await;
    let other = [("x-api-key", text(&other, "secret"))];
    world.send("DELETE", &path, &other, "").await.is(200);
    ask(&world, PRODUCTION).await.refuses(401, "Unauthenticated", "revoked");

    let all = json!(["read", "grants", "consumption", "customers", "settings"]);
    let body = json!({"name": "y", "scopes": all}).to_string();
    let most = world.send("POST", KEYS, &other, body).await.is(201).data();
    let most = [("x-api-key", text(&most, "secret"))];
    let body = json!({"name": "z", "scopes": ["read"]}).to_string();
    let told = world.send("POST", KEYS, &most, body).await;
    told.refuses(403, "AccessDeniedError", "`full`");
    world.send("GET", KEYS, &most, "").await.refuses(403, "AccessDeniedError", "`full`");
}

/// When a key was used is written behind the requests, and is no change of the key.
#[tokio::test]
async fn a_use_is_written_behind() {
    let world = World::new().await;
    let key = make(&world, json!({"name": "x", "scopes": ["read"]})).await;
    let used = async || world.get(&path(&key)).await.is(200).data();
    for _ in 0..3 {
        ask(&world, text(&key, "secret")).await.is(200);
        assert_eq!(used().await["lastUsedAt"], Value::Null);
    }
    world.pass(5_000);
    world.app.write_key_uses().await;
    let after = used().await;
    assert_eq!(after["lastUsedAt"], "2026-01-02T03:04:05.000Z");
    assert_eq!(after["updatedAt"], key["updatedAt"]);
    // Within the hour there is nothing more to write.
    world.pass(60_000);
    ask(&world, text(&key, "secret")).await.is(200);
    world.app.write_key_uses().await;
    assert_eq!(used().await, after);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Whatever happens to a key, no log has its secret, at any level.
#[tokio::test]
async fn no_secret_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let key = make(&world, json!({"name": "x", "scopes": ["read"]})).await;
    let rotate = format!("{}/rotate-secret", path(&key));
    let once = [("idempotency-key", "k")];
    let rotated = world.send("POST", &rotate, &once, "").await.is(200).data();
    let secrets = [PRODUCTION, text(&key, "secret"), text(&rotated, "secret")];
    for secret in secrets {
        ask(&world, secret).await.is(200);
        let told = world.send("POST", KEYS, &[("x-api-key", secret)], "{").await;
        assert!(told.status.is_client_error(), "{}", told.text);
    }
    world.app.write_key_uses().await;
    world.send("DELETE", &path(&key), &[], "").await.is(200);
    ask(&world, secrets[1]).await.is(401);
    ask(&world, "server-wrong").await.is(401);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().filter(|line| line.contains("answered")).count() > 10, "{log}");
    for secret in secrets.into_iter().chain(["server-wrong"]) {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
