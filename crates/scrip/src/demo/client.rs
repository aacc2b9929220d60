//! A small client of the API.

use anyhow::{Context as _, anyhow, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Speaks to one server with one key.
pub struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    url: String,
    api_key: String,
}

impl Client {
    /// A client of the server at `url`.
    pub fn new(url: &str, api_key: &str) -> anyhow::Result<Self> {
        let parsed: Uri = url.parse().with_context(|| format!("--url {url}"))?;
        if parsed.scheme_str() != Some("http") {
            bail!("--url {url}: the demo speaks plain http; point it at the server itself");
        }
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { http, url, api_key: api_key.to_owned() })
    }

    /// Posts a body; an `Idempotency-Key` makes it safe to post it again.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = self.send(path, key, body).await?;
        if status.is_success() {
            return Ok(answer);
        }
        let message = answer.get("message").and_then(Value::as_str).unwrap_or("no message");
        Err(anyhow!("POST {path}: {status}: {message}"))
    }

    /// Posts a body, unless what it makes is there already. True if it was made.
    pub async fn make(&self, path: &str, body: &Value) -> anyhow::Result<Option<Value>> {
        match self.send(path, None, body).await? {
            (StatusCode::CONFLICT, _) => Ok(None),
            (status, answer) if status.is_success() => Ok(Some(answer)),
            (status, answer) => {
                let message = answer.get("message").and_then(Value::as_str);
                Err(anyhow!("POST {path}: {status}: {}", message.unwrap_or("no message")))
            }
        }
    }

    async fn send(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.url))
            .header("x-api-key", &self.api_key)
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(Bytes::from(body.to_string())))?;
        let response = self
            .http
            .request(request)
            .await
            .with_context(|| format!("speaking to {}; is `scrip serve` running?", self.url))?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}
