//! The stand-in as a server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scrip_ledger::SystemClock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::books::Books;
use super::control::{Then, control};
use super::faults::{Kind, Plan};
use super::refusal::Refusal;
use super::routes::answer;

/// What of a request is read.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// The version of the API that is spoken.
const VERSION: &str = "2024-06-20";
/// More than anybody should read.
const ENDLESS_BYTES: usize = 4 * 1024 * 1024;

/// A server that stands in for Stripe, for as long as it is kept.
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    books: Mutex<Books>,
    faults: Mutex<Option<Plan>>,
    clock: SystemClock,
    /// Where the books are written after each request.
    state: Option<PathBuf>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StandIn {
    /// Listens here, with the books of this file, if it is there.
    pub async fn start(listen: SocketAddr, state: Option<PathBuf>) -> io::Result<Self> {
        let books = match &state {
            Some(path) if path.exists() => serde_json::from_slice(&std::fs::read(path)?)?,
            _ => Books::default(),
        };
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            books: Mutex::new(books),
            faults: Mutex::default(),
            clock: SystemClock::of_machine(),
            state,
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its URLs.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it what to do, as over `/_control`; the error says what is wrong with that.
    pub async fn control(&self, path: &str, body: Value) -> Result<Value, String> {
        self.shared.control(&format!("/_control/{path}"), &body).await
    }

    /// Serves until it is stopped.
    pub async fn served(mut self) {
        let _ = (&mut self.serving).await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { shared.respond(request).await }
        });
        tokio::spawn(async move {
            // A connection that ends badly was meant to, or its client went away.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct CutShort;

/// A request, read.
struct Asked {
    method: String,
    path: String,
    form: Bytes,
    headers: HeaderMap,
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.now_seconds = self.clock.now().milliseconds().div_euclid(1_000);
        books
    }

    fn keep(&self, books: &Books) {
        if let Some(path) = &self.state
            && let Ok(text) = serde_json::to_vec(books)
        {
            // Without its file it goes on; whoever starts it again will see the difference.
            let _ = std::fs::write(path, text);
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, CutShort> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await;
        let body = body.map_err(|_| CutShort)?.to_bytes();
        let path = parts.uri.path().to_owned();
        if path.starts_with("/_control/") {
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            return Ok(match self.control(&path, &body).await {
                Ok(answer) => shown(200, &answer),
                Err(error) => shown(400, &json!({"error": error})),
            });
        }
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let form = if body.is_empty() { Bytes::copy_from_slice(query) } else { body };
        let method = parts.method.to_string();
        self.serve(&Asked { method, path, form, headers: parts.headers }).await
    }

    async fn control(&self, path: &str, body: &Value) -> Result<Value, String> {
        let then = {
            let mut books = self.books();
            let then = control(&mut books, path, body)?;
            self.keep(&books);
            then
        };
        match then {
            Then::Nothing(answer) => Ok(answer),
            Then::Fail(plan) => {
                *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
                Ok(json!({}))
            }
            Then::Deliver(delivery) => {
                let sent = tokio::task::spawn_blocking(|| delivery.send()).await;
                sent.map_err(|error| error.to_string())
            }
        }
    }

    /// A request to the API, with what is to go wrong.
    async fn serve(&self, asked: &Asked) -> Result<Response<Full<Bytes>>, CutShort> {
        let (fault, milliseconds) = {
            let mut plan = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            let milliseconds = plan.as_ref().map_or(0, |plan| plan.milliseconds);
            (plan.as_mut().and_then(Plan::next), milliseconds)
        };
        let failed = || Refusal {
            is_remembered: true,
            ..Refusal::other(500, "api_error", None, "Something went wrong on our end.")
        };
        let early = match fault {
            Some(Kind::Cut) => return Err(CutShort),
            Some(Kind::FailAtTheDoor) => Some(failed().body()).map(|body| shown(500, &body)),
            Some(Kind::InUse) => Some(shown(409, &in_use().body())),
            Some(Kind::RateLimit) => Some(rate_limited()),
            Some(Kind::Slow) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                None
            }
            _ => None,
        };
        if let Some(early) = early {
            return Ok(early);
        }
        let response = {
            let mut books = self.books();
            books.requests.push(format!("{} {}", asked.method, asked.path));
            let work = |books: &mut Books| match fault {
                Some(Kind::Fail) => Err(failed()),
                Some(Kind::WorkThenFail) => {
                    let _ = answer(books, &asked.method, &asked.path, &asked.form);
                    Err(failed())
                }
                _ => answer(books, &asked.method, &asked.path, &asked.form),
            };
            let response = once(&mut books, asked, work);
            self.keep(&books);
            response
        };
        match fault {
            Some(Kind::LoseAnswer) => Err(CutShort),
            Some(Kind::Garbage) => Ok(whole(200, Bytes::from_static(b"<html>"))),
            Some(Kind::Endless) => Ok(endless(response).await),
            _ => Ok(response),
        }
    }
}

/// The answer, with more behind it than anybody should read, and nothing wrong but that.
async fn endless(response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map(|body| body.to_bytes());
    let mut body = body.unwrap_or_default().to_vec();
    body.resize(body.len() + ENDLESS_BYTES, b' ');
    whole(status, Bytes::from(body))
}

/// Does what is asked, or answers what was answered under its key.
fn once(
    books: &mut Books,
    asked: &Asked,
    work: impl FnOnce(&mut Books) -> Result<Value, Refusal>,
) -> Response<Full<Bytes>> {
    if let Err(refusal) = admitted(&asked.headers) {
        return shown(refusal.status, &refusal.body());
    }
    let key = header(&asked.headers, "idempotency-key").filter(|_| asked.method == "POST");
    let form = String::from_utf8_lossy(&asked.form);
    let identity = format!("{} {} {form}", asked.method, asked.path);
    if let Some(key) = key {
        match books.keys.find(key, &identity) {
            Ok(None) => {}
            Ok(Some(remembered)) => {
                let mut response = shown(remembered.status, &remembered.body);
                let replayed = http::HeaderValue::from_static("true");
                response.headers_mut().insert("idempotent-replayed", replayed);
                return response;
            }
            Err(refusal) => return shown(refusal.status, &refusal.body()),
        }
    }
    let (status, body, is_remembered) = match work(books) {
        Ok(body) => (200, body, true),
        Err(refusal) => (refusal.status, refusal.body(), refusal.is_remembered),
    };
    if let Some(key) = key.filter(|_| is_remembered) {
        books.keys.note(key, &identity, status, &body);
    }
    shown(status, &body)
}

/// Whether somebody asks who may, in the version that is spoken.
fn admitted(headers: &HeaderMap) -> Result<(), Refusal> {
    let key = header(headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let is_one = |key: &&str| key.starts_with("sk_test_") || key.starts_with("rk_test_");
    let Some(key) = key.filter(is_one).filter(|key| *key != "sk_test_wrong") else {
        let message = format!("Invalid API Key provided: {}", key.unwrap_or_default());
        return Err(Refusal::other(401, "invalid_request_error", None, &message));
    };
    if key == "rk_test_weak" {
        let message = "The provided key does not have the required permissions for this endpoint.";
        return Err(Refusal::other(403, "invalid_request_error", None, message));
    }
    if header(headers, "stripe-version") != Some(VERSION) {
        let message = "This speaks the version 2024-06-20 only.";
        return Err(Refusal::other(400, "invalid_request_error", None, message));
    }
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn in_use() -> Refusal {
    let message = "There is currently another in-progress request using this Idempotency-Key.";
    Refusal::other(409, "idempotency_error", Some("idempotency_key_in_use"), message)
}

fn rate_limited() -> Response<Full<Bytes>> {
    let message = "Request rate limit exceeded.";
    let refusal = Refusal::other(429, "invalid_request_error", Some("rate_limit"), message);
    let mut response = shown(429, &refusal.body());
    response.headers_mut().insert("retry-after", http::HeaderValue::from_static("2"));
    response
}

fn shown(status: u16, body: &Value) -> Response<Full<Bytes>> {
    whole(status, Bytes::from(body.to_string()))
}

fn whole(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
