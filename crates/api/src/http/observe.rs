//! Watches over every request: names it, lets only known keys in, catches panics, completes
//! errors, and logs one line of what does not succeed.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use scrip_core::TraceId;
use scrip_ledger::secret_hash;

use super::{Caller, skip, user};
use crate::app::App;
use crate::error::{ApiError, TRACE_ID};
use crate::limits::{HEADER_BYTES_MAX, TARGET_BYTES_MAX};
use crate::portal_tokens::{self, CUSTOMER_TOKEN};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The outermost layer.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = TraceId(app.ids().trace_id());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let admitted = match admit(&app, &request, started) {
        Ok(Admitted::Nobody) => Ok(None),
        Ok(Admitted::Caller(caller)) => Ok(Some((caller, None))),
        Ok(Admitted::WithToken(asked)) => {
            looked_up(user::admit(&app, *asked)).await.map(|caller| Some((caller, None)))
        }
        Ok(Admitted::WithCustomerToken(token)) => {
            let admitted = looked_up(portal_tokens::admit(&app, &token)).await;
            admitted.map(|(caller, access)| Some((caller, Some(access))))
        }
        Err(error) => Err(error),
    };
    let environment = match &admitted {
        Ok(Some((caller, _))) => Some(caller.environment.0),
        _ => None,
    };
    let response = match admitted {
        Err(error) => error.closing_unless(skip(request.into_body()).await).into_response(),
        Ok(caller) => {
            request.extensions_mut().insert(trace_id);
            if let Some((caller, access)) = caller {
                request.extensions_mut().insert(caller);
                access.map(|access| request.extensions_mut().insert(access));
            }
            AssertUnwindSafe(next.run(request))
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| ApiError::internal(panic_text(panic)).into_response())
        }
    };
    let response = complete(response, trace_id);
    // Of what succeeds only for whoever asks for it: under full load the lines take a tenth of a server.
    let status = response.status();
    let is_told = !status.is_success() || tracing::enabled!(tracing::Level::DEBUG);
    if is_told {
        let span_id = app.ids().span_id().map(|id| format!("{:016x}", u64::from_be_bytes(id)));
        let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            method = method.as_str(),
            route = route.as_ref().map_or("none", MatchedPath::as_str),
            status = status.as_u16(),
            latency_us,
            %trace_id,
            span_id,
            environment,
            "answered"
        );
    }
    response
}

/// What is known of a request from its head.
enum Admitted {
    /// Nobody has to say who he is.
    Nobody,
    /// Who asks.
    Caller(Caller),
    /// Somebody with a token, which is to be verified.
    WithToken(Box<user::Asked>),
    /// A customer with a token.
    WithCustomerToken(Box<str>),
}

/// Bounds of the head, and authentication for everything under `/api` but what is signed: before a body
/// is read.
fn admit(app: &App, request: &Request, at: Instant) -> Result<Admitted, ApiError> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > TARGET_BYTES_MAX {
        return Err(ApiError::target_too_long());
    }
    let headers = request.headers();
    let size = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if size > HEADER_BYTES_MAX {
        return Err(ApiError::headers_too_large());
    }
    let path = request.uri().path();
    let is_signed = path.starts_with(crate::providers::PREFIX);
    if is_signed || (path != "/api" && !path.starts_with("/api/")) {
        return Ok(Admitted::Nobody);
    }
    // Only whoever calls in this process can have put it there.
    if let Some(caller) = request.extensions().get::<Caller>() {
        return Ok(Admitted::Caller(Caller::clone(caller)));
    }
    let Some(key) = headers.get(API_KEY) else {
        if let Some(token) = headers.get(CUSTOMER_TOKEN) {
            return Ok(Admitted::WithCustomerToken(token.to_str().unwrap_or_default().into()));
        }
        let asked = user::Asked::of(request)?;
        let missing = || ApiError::unauthenticated("the header X-API-KEY is missing");
        return asked.map(|asked| Admitted::WithToken(Box::new(asked))).ok_or_else(missing);
    };
    let holder = app
        .whole_ledger()
        .key_holder(secret_hash(key.as_bytes()))
        .map_err(|refusal| ApiError::unauthenticated(&refusal.to_string()))?;
    app.note_key_use(&holder, at);
    app.rate_limit().map_or(Ok(()), |limit| limit.count(&holder))?;
    Ok(Admitted::Caller(holder))
}

/// Who has a token. In a box: what every request is made of has no room for it.
fn looked_up<T>(
    admit: impl Future<Output = Result<T, ApiError>> + Send,
) -> impl Future<Output = Result<T, ApiError>> + Send {
    let admit = AssertUnwindSafe(Box::pin(admit)).catch_unwind();
    admit.map(|it| it.unwrap_or_else(|panic| Err(ApiError::internal(panic_text(panic)))))
}

/// Gives errors their body and every response its trace id.
fn complete(mut response: Response, trace_id: TraceId) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        if let Some(inside) = error.inside() {
            tracing::error!(%trace_id, inside, "a request failed");
        }
        response = error.respond(trace_id, response);
    }
    if !response.headers().contains_key(TRACE_ID)
        && let Ok(value) = HeaderValue::from_str(&trace_id.to_string())
    {
        response.headers_mut().insert(TRACE_ID, value);
    }
    response
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}
