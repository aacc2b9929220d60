//! Asks an issuer: a bounded answer, within a bounded time, and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::client::{in_words, tls};

/// What of an answer is read.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// How long a whole answer may take.
pub(super) const WITHIN: Duration = Duration::from_secs(5);
/// How long a connection waits for the next request.
const IDLE: Duration = Duration::from_secs(20);

/// Asks issuers.
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Fetcher {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls()?)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client })
    }

    /// What is there.
    pub(super) async fn get(&self, url: &str) -> Result<Bytes, String> {
        match self.ask(Method::GET, url, Bytes::new(), None).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => Err(format!("{url} answered with {status}")),
        }
    }

    /// What is answered to a form, with its status.
    pub(super) async fn post(
        &self,
        url: &str,
        form: String,
        authorization: Option<HeaderValue>,
    ) -> Result<(StatusCode, Bytes), String> {
        self.ask(Method::POST, url, form.into(), authorization).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
        authorization: Option<HeaderValue>,
    ) -> Result<(StatusCode, Bytes), String> {
        let mut request = Request::builder()
            .method(&method)
            .uri(url)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("Scrip/", env!("CARGO_PKG_VERSION")));
        if method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let exchange = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| format!("{url}: {}", in_words(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| format!("{url}: {}", in_words(&*error)))?;
            Ok((status, body.to_bytes()))
        };
        match tokio::time::timeout(WITHIN, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("{url}: no whole answer within {WITHIN:?}")),
        }
    }
}
