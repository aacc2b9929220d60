//! A console over a ledger in memory, and somebody whom its doorkeeper lets in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use scrip_api::{App, AppConfig, SeededIds};
use scrip_console::portal::{self, Origins, Portal};
use scrip_console::{
    Boxed, Console, CsrfToken, Doorkeeper, EnvironmentLink, TurnedAway, Visitor, mounted,
};
use scrip_ledger::{
    KeyHolder, Ledger, Memory, PRODUCTION, ProvidedKeys, Reading, Role, Settings, SystemClock,
    all_environments, bootstrap,
};
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2026-01-02T03:04:05.000Z.
const START: i64 = 1_767_323_045_000;
pub const CSRF: &str = "the-token-of-the-session";

/// Lets everybody in who says which role he has, into every environment.
struct OpenDoor(Arc<dyn Ledger>);

impl Doorkeeper for OpenDoor {
    fn visitor<'a>(
        &'a self,
        headers: &'a HeaderMap,
        environment: Option<&'a str>,
    ) -> Boxed<'a, Result<Visitor, TurnedAway>> {
        Box::pin(async move {
            let role = headers.get("x-role").and_then(|role| role.to_str().ok());
            let role = role.and_then(Role::parse).ok_or(TurnedAway::NotSignedIn)?;
            let known = all_environments(self.0.as_ref()).await;
            let mut known = known.map_err(|_| TurnedAway::Unavailable)?;
            known.sort_by_key(|it| it.home);
            let wanted = environment.unwrap_or("production");
            let account = known.iter().find(|it| it.id == wanted).map(|it| it.account.clone());
            let account_id = account.ok_or(TurnedAway::NoSuchEnvironment)?;
            known.retain(|it| it.account == account_id);
            let links = known.into_iter().map(|it| EnvironmentLink {
                number: it.number,
                home: it.home,
                is_sandbox: it.is_sandbox(),
                is_archived: it.archived_at.is_some(),
                name: it.id,
            });
            let environments: Vec<_> = links.collect();
            let here = environments.iter().find(|known| known.name == wanted);
            Ok(Visitor {
                person_id: "person_ann".to_owned(),
                display_name: "Ann <Support>".to_owned(),
                email: "ann@example.com".to_owned(),
                role,
                account_id,
                environment: here.cloned().ok_or(TurnedAway::NoSuchEnvironment)?,
                environments,
                csrf: CsrfToken::new(CSRF),
            })
        })
    }
}

/// A server with a console.
pub struct World {
    router: Router,
    api: Router,
    pub ledger: Arc<dyn Ledger>,
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
        Self::over(|api| api).await
    }

    /// A console over an API that is changed.
    async fn over(change: impl FnOnce(Router) -> Router) -> Self {
        let milliseconds = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&milliseconds);
        let clock = SystemClock::reading(move || {
            let passed = passed.load(Ordering::Relaxed);
            Reading { wall: START + passed, monotonic: passed }
        });
        let ledger: Arc<dyn Ledger> = Arc::new(Memory::with(clock, Settings::default()));
        let keys = ProvidedKeys {
            production: Some("server-production".to_owned()),
            sandbox: Some("server-sandbox".to_owned()),
        };
        bootstrap(ledger.as_ref(), keys, |_| Ok(())).await.unwrap();
        let app = App::new(Arc::clone(&ledger), Arc::new(SeededIds::new(7)), AppConfig::default());
        app.set_ready(true);
        let api = change(scrip_api::router(app));
        let doorkeeper = Arc::new(OpenDoor(Arc::clone(&ledger)));
        let router = mounted(api.clone(), Console::new(api.clone(), doorkeeper));
        Self { router, api, ledger, milliseconds }
    }

    /// A customer with some history: `acme` has 90 tokens of two grants, and used 12.5 of them.
    pub async fn furnished() -> Self {
        Self::furnished_over(|api| api).await
    }

    /// The same over an API that is changed.
    pub async fn furnished_over(change: impl FnOnce(Router) -> Router) -> Self {
        let world = Self::over(change).await;
        world.ask("/customers", json!({"id": "acme", "name": "Acme", "email": "a@acme.io"})).await;
        let currency = json!({
            "id": "tokens", "displayName": "AI tokens",
            "units": {"singular": "token", "plural": "tokens"},
        });
        world.ask("/credits/custom-currencies", currency).await;
        world.grant(json!({"displayName": "Starter pack", "amount": 100})).await;
        world.pass(1_000);
        let gift = json!({"displayName": "Gift", "amount": 50, "priority": 10});
        world.grant(gift).await;
        world.pass(1_000);
        let consumption = json!({
            "customerId": "acme", "currencyId": "tokens", "amount": 12.5,
            "idempotencyKey": "request-1", "dimensions": {"model": "large"},
        });
        world.ask("/credits/consumption", consumption).await;
        world
    }

    /// The same with the portal beside it, which these sites may frame.
    pub fn with_portal(self, ancestors: &Origins) -> Self {
        let portal = Portal::new(self.api.clone(), ancestors);
        Self { router: portal::mounted(self.router, portal), ..self }
    }

    pub fn pass(&self, milliseconds: i64) {
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Grants tokens to `acme`.
    pub async fn grant(&self, members: Value) -> Value {
        let mut body = json!({
            "customerId": "acme", "currencyId": "tokens", "grantType": "PROMOTIONAL",
        });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.ask("/credits/grants", body).await
    }

    /// Has the API do something in production.
    pub async fn ask(&self, path: &str, body: Value) -> Value {
        let request = Request::post(format!("/api/v1{path}")).body(body.to_string().into());
        self.api_call(request.unwrap()).await
    }

    /// Asks the API in production.
    pub async fn read(&self, path: &str) -> Value {
        let request = Request::get(format!("/api/v1{path}")).body(Body::empty());
        self.api_call(request.unwrap()).await
    }

    /// Puts something in production by the API.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        let request = Request::put(format!("/api/v1{path}")).body(body.to_string().into());
        self.api_call(request.unwrap()).await
    }

    async fn api_call(&self, mut request: Request<Body>) -> Value {
        let holder = KeyHolder::of_person("person_test", PRODUCTION, false, Role::Owner);
        request.extensions_mut().insert(Arc::new(holder));
        let told = told(self.api.clone(), request).await;
        assert!(told.status.is_success(), "{}", told.text);
        serde_json::from_str::<Value>(&told.text).unwrap()["data"].take()
    }

    /// A page, as somebody with this role sees it.
    pub async fn page_as(&self, role: Role, path: &str) -> Told {
        let request = Request::get(path).header("x-role", role.as_str());
        told(self.router.clone(), request.body(Body::empty()).unwrap()).await
    }

    /// A page of production, as an owner sees it; or one whose address is given whole.
    pub async fn page(&self, path: &str) -> Told {
        let whole = if path.starts_with("/console/") { "" } else { "/console/production" };
        self.page_as(Role::Owner, &format!("{whole}{path}")).await
    }

    /// Any request.
    pub async fn call(&self, request: Request<Body>) -> Told {
        told(self.router.clone(), request).await
    }

    /// Sends a form of production, with these fields; or one whose address is given whole.
    pub async fn send_as(&self, role: Role, path: &str, fields: &[(&str, &str)]) -> Told {
        let whole = if path.starts_with("/console/") { "" } else { "/console/production" };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", CSRF).extend_pairs(fields);
        let request = Request::post(format!("{whole}{path}"))
            .header("x-role", role.as_str())
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish().into());
        self.call(request.unwrap()).await
    }

    /// The same as an owner.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        self.send_as(Role::Owner, path, fields).await
    }

    /// Sends the form of a page that says what will change, as its button would.
    pub async fn confirm(&self, path: &str, plan: &Told) -> Told {
        let fields = plan.hidden_fields();
        let mut fields: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("step", "confirmed"));
        self.send(path, &fields).await
    }
}

impl Told {
    /// Asserts the status.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Asserts that a text stands on the page.
    pub fn says(self, text: &str) -> Self {
        assert!(self.words().contains(text), "no {text:?} in {}", self.words());
        self
    }

    /// What a person reads, a line for each block.
    pub fn words(&self) -> String {
        let body = self.text.split_once("<main").map_or(self.text.as_str(), |(_, main)| main);
        let body = body.split_once('>').map_or("", |(_, body)| body);
        let mut words = String::new();
        let mut in_tag = false;
        let blocks = ["tr", "p", "div", "h1", "h2", "h3", "li", "dt", "section", "figcaption"];
        let mut tag = String::new();
        for letter in body.chars() {
            match letter {
                '<' => {
                    in_tag = true;
                    tag.clear();
                }
                '>' => {
                    in_tag = false;
                    let name = tag.split([' ', '/']).next().unwrap_or_default();
                    words.push(if blocks.contains(&name) { '\n' } else { ' ' });
                }
                _ if in_tag => tag.push(letter),
                _ => words.push(letter),
            }
        }
        let lines = words.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        unescaped(&lines.join("\n"))
    }

    /// Where the page leads.
    pub fn links(&self) -> impl Iterator<Item = String> {
        let links = self.text.split("href=\"").skip(1);
        links.filter_map(|rest| rest.split_once('"')).map(|(link, _)| unescaped(link))
    }

    /// The hidden fields of the page's form but for the token, which is sent always.
    pub fn hidden_fields(&self) -> Vec<(String, String)> {
        let inputs = self.text.split("<input type=\"hidden\" name=\"").skip(1);
        let fields = inputs.filter_map(|input| {
            let (name, rest) = input.split_once('"')?;
            let (_, rest) = rest.split_once("value=\"")?;
            let (value, _) = rest.split_once('"')?;
            Some((name.to_owned(), unescaped(value)))
        });
        fields.filter(|(name, _)| name != "csrf").collect()
    }
}

/// The secret on a page that shows one.
pub fn secret(told: &Told) -> String {
    let (_, secret) = told.text.split_once("<code class=\"secret\">").unwrap();
    secret.split_once('<').unwrap().0.to_owned()
}

fn unescaped(text: &str) -> String {
    let replaced = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    replaced.replace("&amp;", "&")
}

async fn told(router: Router, request: Request<Body>) -> Told {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    Told { status: parts.status, headers: parts.headers, text }
}
