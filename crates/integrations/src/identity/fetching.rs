//! Asks an issuer: a bounded answer, within a bounded time, and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;

use crate::client::{HttpClient, connecting, exchange};

/// What of an answer is read.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// How long a whole answer may take.
pub(super) const WITHIN: Duration = Duration::from_secs(5);
/// How long a connection waits for the next request.
const IDLE: Duration = Duration::from_secs(20);

/// Asks issuers.
pub(super) struct Fetcher {
    client: HttpClient,
}

impl Fetcher {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        Ok(Self { client: connecting(IDLE)? })
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
        let answered = exchange(&self.client, request, WITHIN, ANSWER_BYTES_MAX).await;
        let answer = answered.map_err(|error| format!("{url}: {error}"))?;
        Ok((answer.status(), answer.into_body()))
    }
}
