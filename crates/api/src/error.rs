//! What a client is told when a request is not carried out (decisions 15, 35).

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use scrip_core::TraceId;
use scrip_ledger::StoredAnswer;

use crate::http::Numbers;
use crate::json::Writer;
use crate::limits::MESSAGE_CHARACTERS_MAX;

pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// An answer that refuses, or that says what went wrong.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry: Retry,
    /// What went wrong inside: for the log alone.
    inside: Option<Box<str>>,
    /// The ledger refused it, and has stored the answer if it had to be.
    decided: bool,
    /// The connection cannot go on: a part of the request is still in it.
    closes: bool,
}

/// What the official SDKs shall do by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    /// What they do for the status.
    AsUsual,
    /// Nothing: the answer would be the same.
    Never,
    /// Try again after this time.
    After(Duration),
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        // A deterministic conflict would cost the SDKs three requests (decision 15).
        let hopeless = [StatusCode::CONFLICT, StatusCode::NOT_IMPLEMENTED];
        let retry = if hopeless.contains(&status) { Retry::Never } else { Retry::AsUsual };
        let message = message.into();
        Self { status, code, message, retry, inside: None, decided: false, closes: false }
    }

    /// 400 with a code of the API.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, shortened(message.into()))
    }

    /// 400 `BadUserInput`. The message begins with the field's name.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::bad("BadUserInput", message)
    }

    /// 401.
    pub fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthenticated", message)
    }

    /// 402.
    pub fn payment_required(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, code, message)
    }

    /// 403.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404 with a code of the API.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, shortened(message.into()))
    }

    /// 404 for a path that is nothing.
    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "there is nothing at this path")
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let message = "this path does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// 408.
    pub fn body_too_slow() -> Self {
        let message = "the body did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "BadUserInput", message)
    }

    /// 409 that stays one.
    pub fn conflict(message: impl Into<String>) -> Self {
        let code = "DuplicatedEntityNotAllowed";
        Self::new(StatusCode::CONFLICT, code, shortened(message.into()))
    }

    /// 409 that passes (decision 14).
    pub fn still_running() -> Self {
        let code = "ObjectAlreadyBeingUsedByAnotherRequestError";
        let message = "a request with this Idempotency-Key is still running";
        Self::new(StatusCode::CONFLICT, code, message)
            .retry_after(crate::limits::RUNNING_RETRY_AFTER)
    }

    /// 413.
    pub fn body_too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BadUserInput", message)
    }

    /// 414.
    pub fn target_too_long() -> Self {
        Self::new(StatusCode::URI_TOO_LONG, "BadUserInput", "path and query are too long")
    }

    /// 429: the key sent more than it may (decision 38).
    pub fn too_many_requests(whose: &str, wait: Duration) -> Self {
        let message = format!("this {whose} sends more requests than it may");
        // Rounded up, so that whoever waits so long is not refused again.
        let wait = wait.max(Duration::from_millis(1)) + Duration::from_millis(1);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded", message).retry_after(wait)
    }

    /// 431.
    pub fn headers_too_large() -> Self {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "BadUserInput", "the headers are too large")
    }

    /// 500. What is wrong stays inside.
    pub fn internal(inside: impl Into<Box<str>>) -> Self {
        let message = "something went wrong here; the trace id finds it in the log";
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UnexpectedError", message);
        error.inside = Some(inside.into());
        error
    }

    /// 501: an operation or a parameter of the API that is not served (decision 42).
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "UnsupportedParameter", message)
    }

    /// 503.
    pub fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
            .retry_after(crate::limits::RETRY_AFTER)
    }

    /// 507.
    pub fn disk_full() -> Self {
        let message = "there is no room left on the disk; reads are still answered";
        let mut error = Self::new(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", message);
        error.retry = Retry::Never;
        error
    }

    /// 503, and not to be tried again: somebody has to look at the wallet first.
    pub fn frozen() -> Self {
        let message = "this wallet is frozen, because its ledger rows are damaged; its balance is \
                       still answered, and its owner was told";
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "WalletFrozen", message);
        error.retry = Retry::Never;
        error
    }

    /// The same about an item of a list: `consumptions[3].amount must be …`.
    #[must_use]
    pub fn within(mut self, item: &str) -> Self {
        self.message = format!("{item}.{}", self.message);
        self
    }

    /// The same about an item as a whole: `consumptions[3]: …`.
    #[must_use]
    pub fn about(mut self, item: &str) -> Self {
        self.message = format!("{item}: {}", self.message);
        self
    }

    /// The same, as the ledger's own refusal.
    #[must_use]
    pub fn decided(mut self) -> Self {
        self.decided = true;
        self
    }

    /// The same; unless the whole request was read, the connection ends with it.
    #[must_use]
    pub fn closing_unless(mut self, whole: bool) -> Self {
        self.closes = !whole;
        self
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn inside(&self) -> Option<&str> {
        self.inside.as_deref()
    }

    /// It came from the ledger.
    pub fn is_decided(&self) -> bool {
        self.decided
    }

    /// The answer to keep for a request that is repeated under its key (decision 14): only what
    /// will not change by itself.
    pub fn stored(&self, trace_id: TraceId) -> Option<StoredAnswer> {
        let passing = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let definite = self.status.is_client_error() && !passing.contains(&self.status);
        definite.then(|| StoredAnswer { status: self.status.as_u16(), body: self.body(trace_id) })
    }

    fn retry_after(mut self, time: Duration) -> Self {
        self.retry = Retry::After(time);
        self
    }

    fn body(&self, trace_id: TraceId) -> Vec<u8> {
        let mut writer = Writer::new(Numbers::AsNumbers);
        writer.object(|members| {
            members.text("message", &self.message);
            members.text("code", self.code);
            members.plain("traceId", trace_id);
        });
        writer.finish()
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match self.retry {
            Retry::AsUsual => {}
            Retry::Never => {
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            Retry::After(time) => {
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
                let seconds = time.as_secs().max(1);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                headers.insert(RETRY_AFTER_MS, HeaderValue::from(milliseconds));
            }
        }
    }

    /// The whole response, once the request's trace id is known.
    pub fn respond(&self, trace_id: TraceId, mut response: Response) -> Response {
        self.add_headers(response.headers_mut());
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.status_mut() = self.status;
        *response.body_mut() = Body::from(self.body(trace_id));
        response
    }
}

/// Only the status and the error itself: what watches over every request knows its trace id, and
/// completes it with [`ApiError::respond`].
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn shortened(message: String) -> String {
    match message.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}
