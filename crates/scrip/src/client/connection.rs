//! A small client of the API.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

/// Speaks to one server with one key.
pub struct Connection {
    http: Http,
    url: String,
    api_key: Option<HeaderValue>,
    within: Duration,
}

/// With TLS, what the system trusts has to be read first.
enum Http {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// What a server is asked.
pub struct Request {
    /// How.
    pub method: Method,
    /// The path and the query.
    pub path: String,
    /// The `Idempotency-Key`.
    pub key: Option<HeaderValue>,
    /// JSON; empty where there is none.
    pub body: Bytes,
}

/// What a server answered.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Broken {
    /// No connection was made, so nothing was sent.
    NotSent(String),
    /// The connection broke, or no whole answer came in time: nobody knows whether it was carried out.
    Unanswered(String),
}

/// What the API says of an error. What stands there instead has no words.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorBody {
    /// For people.
    pub message: Option<String>,
    /// For programs.
    pub code: Option<String>,
    /// Finds it in the server's log.
    pub trace_id: Option<String>,
}

impl Request {
    /// Reads.
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, key: None, body: Bytes::new() }
    }

    /// Posts a body.
    pub fn post(path: &str, key: Option<HeaderValue>, body: &serde_json::Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { method: Method::POST, path: path.to_owned(), key, body }
    }

    /// Ends what stands at a path.
    pub fn delete(path: String, key: Option<HeaderValue>) -> Self {
        Self { method: Method::DELETE, path, key, body: Bytes::new() }
    }
}

impl Answer {
    /// What it says of an error.
    pub fn error(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Connection {
    /// Of the server at `url`; each answer within this time. A key is needed for all but its health.
    pub fn new(url: &str, api_key: Option<&str>, within: Duration) -> anyhow::Result<Self> {
        // Neither text is told where it may hold a secret.
        let parsed: Uri = url.parse().context("--url is no URL")?;
        let authority = parsed.authority().context("--url names no host")?;
        if authority.as_str().contains('@') {
            bail!("--url must not name a user");
        }
        if parsed.query().is_some() {
            bail!("--url {url}: it must not have a query");
        }
        let api_key = api_key.map(header_of_key).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(within));
        let http = match parsed.scheme_str() {
            Some("http") => Http::Plain(Client::builder(TokioExecutor::new()).build(connector)),
            Some("https") => {
                let tls = scrip_integrations::tls().context("TLS")?;
                connector.enforce_http(false);
                let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
                let connector = builder.enable_http1().wrap_connector(connector);
                Http::Tls(Client::builder(TokioExecutor::new()).build(connector))
            }
            _ => bail!("--url {url}: it must begin with http:// or https://"),
        };
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), api_key, within })
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks once. Redirects are not followed: the key is for this server.
    pub async fn send(&self, request: &Request) -> Result<Answer, Broken> {
        let Request { method, path, key, body } = request;
        let mut built = hyper::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("x-scrip-numbers", "string");
        if let Some(api_key) = &self.api_key {
            built = built.header("x-api-key", api_key);
        }
        if *method != Method::GET {
            built = built.header(CONTENT_TYPE, "application/json");
        }
        if let Some(key) = key {
            built = built.header("idempotency-key", key);
        }
        let built = built.body(Full::new(body.clone()));
        let built = built.map_err(|error| Broken::NotSent(error.to_string()))?;
        match tokio::time::timeout(self.within, self.exchange(built)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let seconds = self.within.as_secs();
                Err(Broken::Unanswered(format!("no whole answer within {seconds} s")))
            }
        }
    }

    async fn exchange(&self, request: hyper::Request<Full<Bytes>>) -> Result<Answer, Broken> {
        let response = match &self.http {
            Http::Plain(client) => client.request(request).await,
            Http::Tls(client) => client.request(request).await,
        };
        let response = response.map_err(|error| {
            let words = scrip_integrations::in_words(&error);
            if error.is_connect() { Broken::NotSent(words) } else { Broken::Unanswered(words) }
        })?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await;
        let body =
            body.map_err(|error| Broken::Unanswered(scrip_integrations::in_words(&error)))?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }
}

/// The words of its errors do not have the key.
fn header_of_key(api_key: &str) -> anyhow::Result<HeaderValue> {
    let words = "--api-key must be visible ASCII characters";
    if api_key.is_empty() || !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(words);
    }
    let mut header = HeaderValue::from_str(api_key).context(words)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, key: &str) -> String {
        let connection = Connection::new(url, Some(key), Duration::from_secs(1));
        connection.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_secrets() {
        for (url, told) in [
            ("", "is no URL"),
            ("http://", "is no URL"),
            ("/api", "names no host"),
            ("127.0.0.1:8787", "must begin with http"),
            ("ftp://host", "must begin with http"),
            ("http://user:secret@host", "must not name a user"),
            ("http://host/?a=b", "must not have a query"),
        ] {
            let text = refused(url, "key");
            assert!(text.contains(told), "{url}: {text}");
            assert!(!text.contains("secret"), "{text}");
        }
        for key in ["", "a\nb", "ä"] {
            let text = refused("http://host", key);
            assert_eq!(text, "--api-key must be visible ASCII characters");
        }
        assert_eq!(refused("http://host/behind/", "key"), "");
        assert_eq!(refused("https://host", "key"), "");
    }
}
