//! What every client here needs: connections, whom it trusts, how long it is asked to wait, and errors in
//! words.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

/// TLS that trusts what the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // One that cannot be read is trusted by nobody.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Asks over HTTP, with TLS or without.
pub type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client whose connections wait so long for the next request.
pub fn connecting(idle: Duration) -> Result<HttpClient, rustls::Error> {
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(idle)
        .build(connector))
}

/// Asks, and reads the whole answer: within this time, and no more than so many bytes. What went wrong is
/// said in words.
pub async fn exchange(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
    within: Duration,
    bytes_max: usize,
) -> Result<Response<Bytes>, String> {
    let answered = async {
        let response = client.request(request).await.map_err(|error| in_words(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        let body = body.map_err(|error| in_words(&*error))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    let late = |_| Err(format!("no whole answer within {within:?}"));
    tokio::time::timeout(within, answered).await.unwrap_or_else(late)
}

/// The seconds of a `Retry-After`. A date there is not heard.
pub(crate) fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(text.trim().parse().ok()?))
}

/// An error with what is behind it: the outermost says no more than that it could not connect.
#[must_use]
pub fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(words, ": {error}");
        cause = error.source();
    }
    words
}
