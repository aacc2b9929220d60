//! One request to an endpoint, and what it is answered with.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use scrip_core::Timestamp;
use scrip_ledger::WebhookEndpoint;

use super::addresses::Addresses;
use super::connector::Connector;
use super::signature::signatures;
use crate::client::{in_words, retry_after, tls};

/// What of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// What of it is kept, for whoever looks for a mistake.
const KEPT_CHARACTERS_MAX: usize = 1_024;
/// How long a connection waits for the next delivery.
const IDLE: Duration = Duration::from_secs(20);
/// The vendor's own header, which carries a secret as it is (spec section 4).
const PLAIN_SECRET: &str = "stigg-webhooks-secret";

/// What is sent, and under which name.
pub(super) struct Message<'a> {
    pub id: &'a str,
    pub body: Bytes,
}

/// What a request came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub status_code: Option<u16>,
    pub response: Option<String>,
    /// Why it counts as failed; none if it was taken.
    pub error: Option<String>,
    /// How long the endpoint asks not to be sent anything.
    pub retry_after: Option<Duration>,
    /// It says that it is gone for good.
    pub is_gone: bool,
}

/// Sends requests.
pub(super) struct Sender {
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    addresses: Arc<Addresses>,
    within: Duration,
}

impl Sender {
    /// Tells these addresses, each request within this time as a whole.
    pub(super) fn new(addresses: Arc<Addresses>, within: Duration) -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls().map_err(|error| format!("TLS of webhooks: {error}"))?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::new(Arc::clone(&addresses)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { client, addresses, within })
    }

    /// Sends a message to an endpoint.
    pub(super) async fn send(
        &self,
        endpoint: &WebhookEndpoint,
        message: Message<'_>,
        now: Timestamp,
    ) -> Sent {
        let request = match self.request(endpoint, message, now) {
            Ok(request) => request,
            Err(error) => return Sent { error: Some(error), ..Sent::default() },
        };
        match tokio::time::timeout(self.within, self.exchange(request)).await {
            Ok(sent) => sent,
            Err(_) => Sent {
                error: Some(format!("no whole answer within {:?}", self.within)),
                ..Sent::default()
            },
        }
    }

    fn request(
        &self,
        endpoint: &WebhookEndpoint,
        message: Message<'_>,
        now: Timestamp,
    ) -> Result<Request<Full<Bytes>>, String> {
        let uri = self.addresses.check_url(&endpoint.url).map_err(|error| error.to_string())?;
        let seconds = now.milliseconds().div_euclid(1_000);
        let signed = signatures(&endpoint.secrets, now, message.id, seconds, &message.body);
        let mut request = Request::post(uri)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("Scrip/", env!("CARGO_PKG_VERSION"), " (webhooks)"))
            .header("webhook-id", message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signed);
        if let Some(secret) = &endpoint.plain_secret {
            let mut value = HeaderValue::from_str(secret).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            request = request.header(PLAIN_SECRET, value);
        }
        request.body(Full::new(message.body)).map_err(|error| error.to_string())
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Sent {
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return Sent { error: Some(in_words(&error)), ..Sent::default() },
        };
        let status = response.status();
        let retry_after = retry_after(&response);
        let (response, whole) = read(response).await;
        let error = match (status.is_success(), whole) {
            (true, Ok(())) => None,
            (true, Err(error)) => Some(error),
            (false, _) if status.is_redirection() => {
                Some(format!("answered with {status}; redirects are not followed"))
            }
            (false, _) => Some(format!("answered with {status}")),
        };
        Sent {
            status_code: Some(status.as_u16()),
            response: Some(response).filter(|text| !text.is_empty()),
            error,
            retry_after,
            is_gone: status == StatusCode::GONE,
        }
    }
}

/// The beginning of an answer, and whether it came whole. What is longer than is read was an answer
/// too: the rest is dropped with its connection.
async fn read(response: Response<Incoming>) -> (String, Result<(), String>) {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    let mut whole = Ok(());
    while bytes.len() < ANSWER_BYTES_MAX {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                let room = ANSWER_BYTES_MAX.saturating_sub(bytes.len());
                let data = frame.into_data().unwrap_or_default();
                bytes.extend_from_slice(data.get(..room).unwrap_or(&data));
            }
            Some(Err(error)) => {
                whole = Err(format!("the answer broke off: {error}"));
                break;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    (text.chars().take(KEPT_CHARACTERS_MAX).collect(), whole)
}
