//! A console over a ledger in memory, and browsers that look at it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use scrip_api::{App, AppConfig, RandomIds, router};
use scrip_console::sign_in::{PeerAddress, SignInOptions, first_owner_link};
use scrip_console::{Console, SignIn, mounted};
use scrip_ledger::{
    Email, Ledger, Memory, Person, ProvidedKeys, Reading, Settings, SystemClock, bootstrap,
    person_of,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub const KEY: &str = "server-production";
pub const ANN: &str = "ann@example.com";
pub const PASSWORD: &str = "correct horse";
pub const SIGN_IN: &str = "/console/sign-in";
pub const ME: &str = "/console/sign-in/me";
/// 2026-01-02T03:04:05.000Z.
const START: i64 = 1_767_323_045_000;

/// A server that nobody else knows.
pub struct World {
    pub ledger: Arc<dyn Ledger>,
    router: Router,
    milliseconds: Arc<AtomicI64>,
}

/// What was answered.
pub struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Told {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It leads to the sign-in.
    pub fn is_turned_away(&self) -> bool {
        self.status == StatusCode::SEE_OTHER && self.header("location").starts_with(SIGN_IN)
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(SignInOptions::default()).await
    }

    pub async fn with(options: SignInOptions) -> Self {
        let milliseconds = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&milliseconds);
        let clock = SystemClock::reading(move || {
            let passed = passed.load(Ordering::Relaxed);
            Reading { wall: START + passed, monotonic: passed }
        });
        let ledger: Arc<dyn Ledger> = Arc::new(Memory::with(clock, Settings::default()));
        let keys = ProvidedKeys {
            production: Some(KEY.to_owned()),
            sandbox: Some("server-sandbox".to_owned()),
        };
        bootstrap(ledger.as_ref(), keys, |_| Ok(())).await.unwrap();
        let app = App::new(Arc::clone(&ledger), Arc::new(RandomIds), AppConfig::default());
        app.set_ready(true);
        let api = router(app);
        let sign_in = SignIn::new(Arc::clone(&ledger), options);
        let router = mounted(api.clone(), Console::signing_in(api, sign_in));
        Self { ledger, router, milliseconds }
    }

    /// A world whose owner is Ann.
    pub async fn of_ann() -> Self {
        let world = Self::new().await;
        world.make_owner().await;
        world
    }

    /// Ann becomes the owner, in a browser.
    pub async fn make_owner(&self) -> Browser<'_> {
        let browser = self.browser();
        let link = first_owner_link(self.ledger.as_ref(), "default").await.unwrap().unwrap();
        browser.get(&link).await.is(200);
        let form = [("email", ANN), ("displayName", "Ann"), ("password", PASSWORD)];
        let told = browser.accept(&link, &form).await.is(303);
        assert_eq!(told.header("location"), "/console");
        browser
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, jar: RefCell::default(), address: "192.0.2.1" }
    }

    /// Time passes.
    pub fn pass_seconds(&self, seconds: i64) {
        self.milliseconds.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    /// Asks the API with the key of production.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> Told {
        let request = Request::builder().method(method).uri(path).header("x-api-key", KEY);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Invites somebody; the path and query of the link, and the person's path in the API.
    pub async fn invite(&self, email: &str, role: &str) -> (String, String) {
        let body = json!({"email": email, "role": role});
        let told = self.api("POST", "/api/v1/people", body).await.is(201);
        let person = serde_json::from_str::<Value>(&told.text).unwrap()["data"].take();
        let token = person["signInLink"]["token"].as_str().unwrap();
        let link = format!("{SIGN_IN}/link?token={token}");
        (link, format!("/api/v1/people/{}", person["id"].as_str().unwrap()))
    }

    pub async fn person(&self, email: &str) -> Option<Person> {
        person_of(self.ledger.as_ref(), &Email::parse(email).unwrap()).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Told {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Told { status: parts.status, headers: parts.headers, text }
    }
}

/// Somebody's browser, with its cookies.
pub struct Browser<'w> {
    world: &'w World,
    pub jar: RefCell<BTreeMap<String, String>>,
    pub address: &'static str,
}

impl Browser<'_> {
    pub async fn get(&self, path: &str) -> Told {
        self.send("GET", path, &[], String::new()).await
    }

    /// Sends a form as it is.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        self.post_with(path, fields, &[("sec-fetch-site", "same-origin")]).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Told {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.send("POST", path, headers, form.finish()).await
    }

    /// Sends a form of a page, with its token.
    pub async fn fill(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Told {
        let shown = self.get(page).await;
        let token = csrf(&shown.text);
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Told {
        let fields = [("email", email), ("password", password), ("next", "/console/production")];
        self.fill(SIGN_IN, SIGN_IN, &fields).await
    }

    /// Uses a link.
    pub async fn accept(&self, link: &str, fields: &[(&str, &str)]) -> Told {
        let token = link.split_once("token=").unwrap().1;
        let password = fields.iter().find(|(name, _)| *name == "password").unwrap().1;
        let mut all = vec![("token", token), ("again", password)];
        all.extend_from_slice(fields);
        self.fill(link, &format!("{SIGN_IN}/link"), &all).await
    }

    /// Whether a page is shown to whoever is signed in here.
    pub async fn is_in(&self) -> bool {
        let told = self.get("/console/production").await;
        assert!(told.status == StatusCode::OK || told.is_turned_away(), "{}", told.text);
        told.status == StatusCode::OK
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Told {
        let jar: Vec<String> =
            self.jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", jar.join("; "))
            .header("user-agent", "A browser")
            .extension(PeerAddress(self.address.parse().unwrap()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let told = self.world.send(request.body(Body::from(body)).unwrap()).await;
        for line in told.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            if attributes.contains("Max-Age=0") {
                self.jar.borrow_mut().remove(name);
            } else {
                self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        told
    }
}

/// The token of a page's form; nothing if it has none.
pub fn csrf(page: &str) -> String {
    let Some((_, rest)) = page.split_once("name=\"csrf\" value=\"") else { return String::new() };
    rest.split('"').next().unwrap().to_owned()
}
