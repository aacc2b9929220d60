//! Requests to Stripe, and what they came to.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::form::Form;
use super::options::{InvalidOptions, StripeOptions};
use crate::client::{HttpClient, connecting, in_words, retry_after};
use crate::payments::provider::Trouble;

/// The version of the API that is spoken: the last in which a charge names its invoice.
const VERSION: &str = "2024-06-20";
/// What of an answer is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// What of a message of Stripe's is kept.
const MESSAGE_CHARACTERS_MAX: usize = 1_024;
/// How long a connection waits for the next request.
const IDLE: Duration = Duration::from_secs(20);
/// Says that an answer was given before, to an earlier request with the same key.
const REPLAYED: &str = "idempotent-replayed";

/// Why a request did not do what it was for.
#[derive(Debug)]
pub(super) enum Failure {
    /// Stripe did not say no.
    Trouble(Trouble),
    /// The payment was declined (402).
    Declined(Problem),
    /// Stripe said no (another 4xx).
    Refused(Problem),
    /// An earlier request with the same key failed, and Stripe only says so again, as it will as
    /// long as it remembers the key. Whether it did its work must be looked at; if not, it needs
    /// another key.
    Remembered(Trouble),
}

/// What Stripe says is wrong.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    /// The kind of error.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Which one, where programs should tell.
    #[serde(default)]
    pub code: Option<String>,
    /// Why a card was declined.
    #[serde(default)]
    pub decline_code: Option<String>,
    /// What people should know.
    #[serde(default)]
    pub message: String,
}

impl Problem {
    /// Whether the request had the key of another one.
    pub(super) fn is_of_a_key(&self) -> bool {
        self.kind == "idempotency_error"
    }

    /// Whether it named something that is not there.
    pub(super) fn is_of_nothing(&self) -> bool {
        self.code.as_deref() == Some("resource_missing")
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Trouble(trouble) | Failure::Remembered(trouble) => trouble,
            Failure::Declined(problem) | Failure::Refused(problem) => {
                Self::Refused(problem.message)
            }
        }
    }
}

/// Sends requests in the name of an account.
pub(super) struct Api {
    client: HttpClient,
    base: String,
    authorization: HeaderValue,
    secret: super::options::Secret,
    within: Duration,
}

/// A whole answer.
struct Answered {
    status: StatusCode,
    body: Bytes,
    after: Option<Duration>,
    is_replayed: bool,
}

impl Api {
    pub(super) fn new(options: &StripeOptions) -> Result<Self, InvalidOptions> {
        let base = options.base()?;
        let bearer = format!("Bearer {}", options.secret_key.reveal());
        let mut authorization = HeaderValue::from_str(&bearer)
            .map_err(|_| InvalidOptions("the secret key has characters that none has".into()))?;
        authorization.set_sensitive(true);
        let client = connecting(IDLE).map_err(|error| InvalidOptions(format!("TLS: {error}")))?;
        let secret = options.secret_key.clone();
        Ok(Self { client, base, authorization, secret, within: options.timeout })
    }

    /// Asks for an object. The path is one of Stripe's, with identifiers that were checked.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
    ) -> Result<T, Failure> {
        let query = form.encoded();
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.read(self.ask(Method::GET, &path, Bytes::new(), None).await?)
    }

    /// Asks for something to be done, once for this key.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<T, Failure> {
        let body = Bytes::from(form.encoded());
        self.read(self.ask(Method::POST, path, body, Some(key)).await?)
    }

    /// Asks for something to be done that can be done again: no two such requests share a key.
    pub(super) async fn repeat<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
    ) -> Result<T, Failure> {
        let key = format!("scrip-{:032x}", rand::random::<u128>());
        self.post(path, form, &key).await
    }

    /// Asks for an object to be removed.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read(self.ask(Method::DELETE, path, Bytes::new(), None).await?)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Answered, Trouble> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(USER_AGENT, concat!("Scrip/", env!("CARGO_PKG_VERSION")))
            .header("stripe-version", VERSION);
        if let Some(key) = key {
            request = request
                .header("idempotency-key", key)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| Trouble::Refused(error.to_string()))?;
        match tokio::time::timeout(self.within, self.exchange(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Trouble::Unknown(format!("no whole answer within {:?}", self.within))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answered, Trouble> {
        let response = self.client.request(request).await.map_err(|error| {
            let message = in_words(&error);
            // What was never sent was not done.
            let is_unsent = error.is_connect();
            if is_unsent {
                Trouble::Later { message, after: None }
            } else {
                Trouble::Unknown(message)
            }
        })?;
        let (status, after) = (response.status(), retry_after(&response));
        let is_replayed = response.headers().get(REPLAYED).is_some_and(|value| value == "true");
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| {
            Trouble::Unknown(format!("the answer could not be read: {}", in_words(&*error)))
        })?;
        Ok(Answered { status, body: body.to_bytes(), after, is_replayed })
    }

    /// What an answer says.
    fn read<T: DeserializeOwned>(&self, answered: Answered) -> Result<T, Failure> {
        let status = answered.status;
        if status.is_success() {
            return serde_json::from_slice(&answered.body).map_err(|error| {
                Trouble::Unknown(format!("Stripe's answer is not what it should be: {error}"))
                    .into()
            });
        }
        let problem = self.problem(&answered);
        let is_passing = status.is_server_error()
            || [StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
            || problem.code.as_deref() == Some("rate_limit");
        let trouble = if is_passing {
            Trouble::Later { message: problem.message.clone(), after: answered.after }
        } else {
            Trouble::Refused(problem.message.clone())
        };
        Err(match status {
            StatusCode::PAYMENT_REQUIRED => Failure::Declined(problem),
            _ if answered.is_replayed => Failure::Remembered(trouble),
            _ if is_passing => Failure::Trouble(trouble),
            _ => Failure::Refused(problem),
        })
    }

    fn problem(&self, answered: &Answered) -> Problem {
        #[derive(Deserialize)]
        struct Body {
            error: Problem,
        }
        let problem = serde_json::from_slice::<Body>(&answered.body).map(|body| body.error);
        let mut problem = problem.unwrap_or_default();
        if problem.message.is_empty() {
            problem.message = format!("Stripe answered with {}", answered.status);
        }
        // Whatever comes back, the key is not passed on.
        let message = problem.message.replace(self.secret.reveal(), "(the secret key)");
        problem.message = message.chars().take(MESSAGE_CHARACTERS_MAX).collect();
        problem
    }
}
