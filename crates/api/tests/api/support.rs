//! A world of its own for every test, and short words to speak with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use scrip_api::{App, AppConfig, SeededIds, null_router, router};
use scrip_ledger::{Ledger, Memory, ProvidedKeys, Reading, Settings, SystemClock, bootstrap};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const PRODUCTION: &str = "server-production";
pub const SANDBOX: &str = "server-sandbox";
/// 2026-01-02T03:04:05.000Z.
const START: i64 = 1_767_323_045_000;

/// A server with two environments that nobody else knows.
pub struct World {
    pub app: App,
    router: Router,
    milliseconds: Arc<AtomicI64>,
}

/// What was answered.
pub struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with(AppConfig::default(), |ledger| ledger).await
    }

    /// A world whose ledger is wrapped.
    pub async fn with(
        config: AppConfig,
        wrap: impl FnOnce(Arc<dyn Ledger>) -> Arc<dyn Ledger>,
    ) -> Self {
        let milliseconds = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&milliseconds);
        let clock = SystemClock::reading(move || {
            let passed = passed.load(Ordering::Relaxed);
            Reading { wall: START + passed, monotonic: passed }
        });
        let ledger: Arc<dyn Ledger> = Arc::new(Memory::with(clock, Settings::default()));
        let keys = ProvidedKeys {
            production: Some(PRODUCTION.to_owned()),
            sandbox: Some(SANDBOX.to_owned()),
        };
        bootstrap(ledger.as_ref(), keys, |_| Ok(())).await.unwrap();
        let app = App::new(wrap(ledger), Arc::new(SeededIds::new(7)), config);
        app.set_ready(true);
        Self { router: router(app.clone()), app, milliseconds }
    }

    /// A world with customer `c` and currency `credits`.
    pub async fn furnished() -> Self {
        let world = Self::new().await;
        world.furnish().await;
        world
    }

    pub async fn furnish(&self) {
        self.post("/api/v1/customers", json!({"id": "c"})).await.is(201);
        let currency = json!({
            "id": "credits",
            "displayName": "Credits",
            "units": {"singular": "credit", "plural": "credits"},
        });
        self.post("/api/v1/credits/custom-currencies", currency).await.is(201);
    }

    /// The same without its ledger.
    pub fn null(&self) -> Self {
        let router = null_router(self.app.clone());
        Self { app: self.app.clone(), router, milliseconds: Arc::clone(&self.milliseconds) }
    }

    /// Time passes.
    pub fn pass(&self, milliseconds: i64) {
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub async fn get(&self, path: &str) -> Told {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Told {
        self.send("POST", path, &[], &body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Told {
        self.send("PATCH", path, &[], &body.to_string()).await
    }

    /// Any request, with the key of production unless the headers name another.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Told {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "x-api-key") {
            request = request.header("x-api-key", PRODUCTION);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.as_ref().to_vec())).unwrap();
        self.call(request).await
    }

    pub async fn call(&self, request: Request<Body>) -> Told {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let told = Told { status: parts.status, headers: parts.headers, text };
        assert!(told.headers.contains_key("x-trace-id"), "every answer can be traced");
        told
    }

    /// An answer of which nothing is read yet.
    pub async fn begin(&self, path: &str) -> axum::response::Response {
        let request = Request::builder().uri(path).header("x-api-key", PRODUCTION);
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A grant of `c` in `credits`; gives its id.
    pub async fn grant(&self, amount: i64) -> String {
        let told = self.post("/api/v1/credits/grants", grant_body(amount)).await;
        told.is(201).json()["data"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn consume(&self, amount: i64, key: &str) -> Told {
        self.post("/api/v1/credits/consumption", consume_body(amount, key)).await
    }
}

pub fn grant_body(amount: i64) -> Value {
    json!({
        "customerId": "c",
        "currencyId": "credits",
        "displayName": "Welcome",
        "amount": amount,
        "grantType": "PROMOTIONAL",
    })
}

pub fn consume_body(amount: i64, key: &str) -> Value {
    json!({"customerId": "c", "currencyId": "credits", "amount": amount, "idempotencyKey": key})
}

/// The same object with other members.
pub fn but(mut body: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    for (name, value) in members {
        body[name] = value;
    }
    body
}

impl Told {
    /// The status is this one.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// It is a refusal with this status and code, in the standard form, whose message names this.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str, naming: &str) -> Self {
        let told = self.is(status);
        let body = told.json();
        assert_eq!(body["code"], code, "{}", told.text);
        assert_eq!(body["traceId"], told.header("x-trace-id"), "{}", told.text);
        assert_eq!(told.header("content-type"), "application/json");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(naming), "{naming:?} is not named in: {message}");
        if [409, 501].contains(&status) && code != "ObjectAlreadyBeingUsedByAnotherRequestError" {
            assert_eq!(told.header("x-should-retry"), "false");
        }
        told
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The member `data`.
    #[track_caller]
    pub fn data(&self) -> Value {
        self.json()["data"].take()
    }

    /// The ids of a list.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let data = self.data();
        let ids = data.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    /// `pagination.next` or `pagination.prev`.
    #[track_caller]
    pub fn cursor(&self, name: &str) -> Option<String> {
        self.json()["pagination"][name].as_str().map(str::to_owned)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
