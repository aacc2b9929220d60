//! A successful answer, or one given before.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use scrip_ledger::StoredAnswer;

use crate::error::{SHOULD_RETRY, TRACE_ID};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer with its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    replayed: bool,
    no_store: bool,
}

impl Reply {
    /// 200.
    pub fn ok(body: Vec<u8>) -> Self {
        Self::with_status(StatusCode::OK, body)
    }

    /// 201.
    pub fn created(body: Vec<u8>) -> Self {
        Self::with_status(StatusCode::CREATED, body)
    }

    /// 202.
    pub fn accepted(body: Vec<u8>) -> Self {
        Self::with_status(StatusCode::ACCEPTED, body)
    }

    /// Any status.
    pub fn with_status(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body, replayed: false, no_store: false }
    }

    /// What was answered when the request came first.
    pub fn replayed(stored: StoredAnswer) -> Self {
        let status = StatusCode::from_u16(stored.status);
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body: stored.body,
            replayed: true,
            no_store: false,
        }
    }

    /// It was given before.
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// The same, not to be kept by anything on the way (decision 23).
    #[must_use]
    pub fn no_store(mut self) -> Self {
        self.no_store = true;
        self
    }

    /// The answer as it is stored.
    pub fn stored(&self) -> StoredAnswer {
        StoredAnswer { status: self.status.as_u16(), body: self.body.clone() }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let refused_then = self.replayed && self.status.is_client_error();
        let trace_id = refused_then.then(|| trace_id_of(&self.body)).flatten();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if self.status == StatusCode::CONFLICT {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.no_store {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(trace_id) = trace_id {
            headers.insert(TRACE_ID, trace_id);
        }
        response
    }
}

/// A successful answer that is written while it is read.
pub(crate) struct Streamed {
    media_type: &'static str,
    body: Body,
}

impl Streamed {
    /// 200.
    pub fn new(media_type: &'static str, body: Body) -> Self {
        Self { media_type, body }
    }
}

impl IntoResponse for Streamed {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        let media_type = HeaderValue::from_static(self.media_type);
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}

/// The trace id in a stored refusal: header and body name the request that was decided.
fn trace_id_of(body: &[u8]) -> Option<HeaderValue> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    HeaderValue::from_str(body.get("traceId")?.as_str()?).ok()
}
