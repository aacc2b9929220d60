//! An endpoint: where it is, what it takes, what it does, and what the reference says of it.

use std::future::Future;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodFilter, MethodRouter};
use scrip_ledger::{Claim, ClaimState, RememberBy, SPANS};
use tracing::Instrument as _;

use super::{Call, Reply, Write, body, claim};
use crate::access::{self, Needs};
use crate::app::App;
use crate::error::ApiError;
use crate::limits::{BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX};
use crate::openapi::Operation;
use crate::{places, refusal};

/// An endpoint with its documentation.
pub(crate) struct Endpoint {
    /// As the reference spells it, in upper case.
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
    /// What it does.
    pub handler: MethodRouter<App>,
    /// What the reference says.
    pub operation: Operation,
}

/// What an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepts {
    body_bytes_max: usize,
    /// A retry of an official SDK gets the answer of its first attempt (decision 41).
    sdk_retries: bool,
}

impl Accepts {
    /// A change that may be made twice, or has a key of its own.
    pub const CHANGE: Self = Self { body_bytes_max: BODY_BYTES_MAX, sdk_retries: false };
    /// Something that must not happen twice: a create, a void.
    pub const ONCE: Self = Self { body_bytes_max: BODY_BYTES_MAX, sdk_retries: true };
    /// A list of changes, each with a key of its own.
    pub const BATCH: Self = Self { body_bytes_max: BATCH_BODY_BYTES_MAX, sdk_retries: false };
    /// A list of things to make.
    pub const BATCH_ONCE: Self = Self { body_bytes_max: BATCH_BODY_BYTES_MAX, sdk_retries: true };
}

impl Endpoint {
    /// An endpoint that reads.
    pub fn get<F, R, Answer>(path: &'static str, operation: Operation, endpoint: F) -> Self
    where
        F: Fn(Call) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Answer, ApiError>> + Send + 'static,
        Answer: IntoResponse,
    {
        let needs = access::needed("GET", path);
        let handler = routing::get(move |State(app): State<App>, request: Request| async move {
            let (mut parts, body) = request.into_parts();
            let whole = body::skip(body).await;
            let call = Call::read(app, &mut parts, needs).await?;
            endpoint(call).await.map_err(|error| error.closing_unless(whole))
        });
        Self { method: "GET", path, handler, operation: operation.needs(needs) }
    }

    /// An endpoint that makes something or makes something happen.
    pub fn post<F, R>(
        path: &'static str,
        accepts: Accepts,
        operation: Operation,
        endpoint: F,
    ) -> Self
    where
        F: Fn(Write) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        Self::writing(("POST", MethodFilter::POST), path, accepts, operation, endpoint)
    }

    /// An endpoint that makes or replaces something.
    pub fn put<F, R>(path: &'static str, operation: Operation, endpoint: F) -> Self
    where
        F: Fn(Write) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let method = ("PUT", MethodFilter::PUT);
        Self::writing(method, path, Accepts::CHANGE, operation, endpoint)
    }

    /// An endpoint that changes something.
    pub fn patch<F, R>(path: &'static str, operation: Operation, endpoint: F) -> Self
    where
        F: Fn(Write) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let method = ("PATCH", MethodFilter::PATCH);
        Self::writing(method, path, Accepts::CHANGE, operation, endpoint)
    }

    /// An endpoint that ends something.
    pub fn delete<F, R>(path: &'static str, operation: Operation, endpoint: F) -> Self
    where
        F: Fn(Write) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let method = ("DELETE", MethodFilter::DELETE);
        Self::writing(method, path, Accepts::CHANGE, operation, endpoint)
    }

    fn writing<F, R>(
        (method, filter): (&'static str, MethodFilter),
        path: &'static str,
        accepts: Accepts,
        operation: Operation,
        endpoint: F,
    ) -> Self
    where
        F: Fn(Write) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let needs = access::needed(method, path);
        let handler = routing::on(filter, move |State(app): State<App>, request: Request| {
            write((app, request), needs, accepts, endpoint)
        });
        Self { method, path, handler, operation: operation.writes().needs(needs) }
    }
}

async fn write<F, R>(
    (app, request): (App, Request),
    needs: Needs,
    accepts: Accepts,
    endpoint: F,
) -> Result<Response, ApiError>
where
    F: Fn(Write) -> R + Send + 'static,
    R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    let call = match Call::read(app, &mut parts, needs).await {
        Ok(call) => call,
        Err(error) => return Err(error.closing_unless(body::skip(body).await)),
    };
    if call.caller().is_person()
        && !places::is_of_account(parts.uri.path())
        // In a box: what every request is made of has no room for it.
        && let Err(error) = Box::pin(places::refuse_archived(&call)).await
    {
        return Err(error.closing_unless(body::skip(body).await));
    }
    let body = body::read(body, accepts.body_bytes_max).await?;
    if let Some(claim) = claim::claim(call.caller(), &parts, &body)? {
        let write = Write::new(call, body, Some(RememberBy::Claim(claim)));
        return claimed(write, claim, endpoint).await.map(IntoResponse::into_response);
    }
    let recognised = accepts.sdk_retries && call.app().recognises_sdk_retries(call.caller().home);
    let memory = recognised.then(|| claim::attempt(call.caller(), &parts, &body)).flatten();
    endpoint(Write::new(call, body, memory)).await.map(IntoResponse::into_response)
}

/// Runs an endpoint under an `Idempotency-Key`, or gives the answer that the key has already.
async fn claimed<F, R>(write: Write, claim: Claim, endpoint: F) -> Result<Reply, ApiError>
where
    F: Fn(Write) -> R + Send + 'static,
    R: Future<Output = Result<Reply, ApiError>> + Send + 'static,
{
    let guard = match write.call().app().whole_ledger().claim(claim).await? {
        ClaimState::Open(guard) => guard,
        ClaimState::Answered(stored) => return Ok(Reply::replayed(stored)),
        ClaimState::OtherBody => return Err(refusal::claimed_for_other()),
        ClaimState::Running => return Err(ApiError::still_running()),
    };
    // A task of its own: if the client goes away, the claim stays taken until the answer is known.
    let span = tracing::trace_span!(target: SPANS, "idempotent");
    let running = async move {
        let _guard = guard;
        let (app, trace_id) = (write.call().app().clone(), write.call().trace_id());
        let outcome = endpoint(write).await;
        if let Err(error) = &outcome
            && !error.is_decided()
            && let Some(answer) = error.stored(trace_id)
        {
            app.whole_ledger().answer_claim(claim, answer).await?;
        }
        outcome
    };
    let running = tokio::spawn(running.instrument(span));
    running.await.map_err(|error| ApiError::internal(error.to_string()))?
}
