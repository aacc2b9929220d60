//! The documented API, asked in process in the name of a person or with a customer's token.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use scrip_ledger::KeyHolder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;

/// Bytes of an answer at most: what can be explained of a wallet is some megabytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the API says of a request whose key is in use by one that is not answered yet.
pub const STILL_RUNNING: &str = "ObjectAlreadyBeingUsedByAnotherRequestError";
/// How often it is asked again, and how soon: some seconds altogether.
const RUNNING_TRIES: u32 = 50;
const RUNNING_EVERY: Duration = Duration::from_millis(100);

/// The API, and who asks.
#[derive(Clone)]
pub struct Api {
    router: Router,
    asks: Asks,
}

#[derive(Clone)]
enum Asks {
    Holder(Arc<KeyHolder>),
    Customer(Arc<str>),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum ApiFailure {
    /// The API refuses, in words for whoever asked.
    Refused(Refusal),
    /// Its answer cannot be read: something is wrong here.
    Unreadable(String),
}

/// A refusal in the API's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub status: StatusCode,
    /// The API's name for it.
    pub code: String,
    /// Why; where a field is at fault the message begins with its name.
    pub message: String,
}

/// What an operation that changes something answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What the API says there is after it.
    pub data: Value,
    /// It had been done before, under the same key: nothing happened this time.
    pub is_replayed: bool,
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// The ways on.
    #[serde(default)]
    pub pagination: Pagination,
}

/// The ways from one page to others.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Pagination {
    /// The cursor of the page after it.
    pub next: Option<String>,
    /// The cursor of the page before it.
    pub prev: Option<String>,
}

/// One thing.
#[derive(Deserialize)]
struct One<T> {
    data: T,
}

#[derive(Deserialize)]
struct ErrorBody {
    message: Option<String>,
    code: Option<String>,
}

struct Answer {
    status: StatusCode,
    is_replayed: bool,
    body: Vec<u8>,
}

impl Api {
    /// The API for whoever this holder is.
    pub fn new(router: Router, holder: Arc<KeyHolder>) -> Self {
        Self { router, asks: Asks::Holder(holder) }
    }

    /// The API for whoever has this portal token.
    pub fn with_token(router: Router, token: &str) -> Self {
        Self { router, asks: Asks::Customer(token.into()) }
    }

    /// One thing.
    pub async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, ApiFailure> {
        let answer = self.ask(Method::GET, target, None, None).await?;
        read::<One<T>>(target, &answer).map(|one| one.data)
    }

    /// One thing, if there is one.
    pub async fn find<T: DeserializeOwned>(&self, target: &str) -> Result<Option<T>, ApiFailure> {
        match self.get(target).await {
            Ok(found) => Ok(Some(found)),
            Err(ApiFailure::Refused(refusal)) if refusal.status == StatusCode::NOT_FOUND => {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// A page of a list.
    pub async fn list<T: DeserializeOwned>(&self, target: &str) -> Result<Listed<T>, ApiFailure> {
        let answer = self.ask(Method::GET, target, None, None).await?;
        read(target, &answer)
    }

    /// Has something done, once for each key.
    pub async fn act(
        &self,
        method: Method,
        target: &str,
        idempotency_key: &str,
        body: Option<&Value>,
    ) -> Result<Done, ApiFailure> {
        let mut tries = 1;
        let answer = loop {
            match self.ask(method.clone(), target, Some(idempotency_key), body).await {
                // The first press of a button is still being answered: this is the second.
                Err(ApiFailure::Refused(refusal))
                    if refusal.code == STILL_RUNNING && tries < RUNNING_TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(RUNNING_EVERY).await;
                }
                answered => break answered?,
            }
        };
        let is_replayed = answer.is_replayed;
        let data = match answer.body.as_slice() {
            [] => Value::Null,
            _ => read::<One<Value>>(target, &answer)?.data,
        };
        Ok(Done { data, is_replayed })
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        idempotency_key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, ApiFailure> {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            // Exact decimals, whose digits are shown as they come.
            .header("x-scrip-numbers", "string")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let request = match &self.asks {
            Asks::Holder(holder) => request.extension(Arc::clone(holder)),
            Asks::Customer(token) => request.header("x-customer-token", token.as_ref()),
        };
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let unreadable =
            |error: &dyn std::fmt::Display| ApiFailure::Unreadable(format!("{target}: {error}"));
        let request = request.body(body).map_err(|error| unreadable(&error))?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let is_replayed = response.headers().contains_key("idempotent-replayed");
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| unreadable(&error))?.to_bytes().to_vec();
        let answer = Answer { status, is_replayed, body };
        if status.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
    }
}

/// The path of an operation with its query; members without a value are left out.
pub fn target(path: &str, query: &[(&str, Option<&str>)]) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        if let Some(value) = value {
            written.append_pair(name, value);
        }
    }
    let written = written.finish();
    if written.is_empty() { path.to_owned() } else { format!("{path}?{written}") }
}

/// An identifier as a part of a path.
pub fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn read<T: DeserializeOwned>(target: &str, answer: &Answer) -> Result<T, ApiFailure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ApiFailure::Unreadable(format!("{target}: {error}")))
}

fn refusal(answer: &Answer) -> ApiFailure {
    let body = serde_json::from_slice::<ErrorBody>(&answer.body).ok();
    let (message, code) = body.map_or((None, None), |body| (body.message, body.code));
    ApiFailure::Refused(Refusal {
        status: answer.status,
        code: code.unwrap_or_default(),
        message: message.unwrap_or_else(|| answer.status.to_string()),
    })
}
