//! `POST /api/v1/providers/stripe/{environment}/events`: Stripe tells that something happened.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing;
use serde_json::json;

use super::TAG;
use crate::app::App;
use crate::error::ApiError;
use crate::http::{Endpoint, Reply, read_raw, skip};
use crate::limits::PROVIDER_EVENT_BYTES_MAX;
use crate::openapi::Operation;
use crate::payments::NotTaken;
use crate::places;

const SIGNATURE: &str = "stripe-signature";

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "POST",
        path: "/api/v1/providers/stripe/{environment}/events",
        handler: routing::post(handler),
        operation: operation(),
    }
}

async fn handler(
    State(app): State<App>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let Some(payments) = app.payments() else {
        return Err(ApiError::no_such_path().closing_unless(skip(body).await));
    };
    let found = places::called(&app, &name).await?;
    let Some(environment) = found.filter(|found| found.archived_at.is_none()) else {
        return Err(ApiError::no_such_path().closing_unless(skip(body).await));
    };
    let signature = parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let body = read_raw(body, PROVIDER_EVENT_BYTES_MAX).await?;
    payments.hear(environment.number, &signature, &body).await.map_err(refused)?;
    Ok(Reply::ok(b"{\"received\":true}".to_vec()).into_response())
}

fn refused(why: NotTaken) -> ApiError {
    match why {
        NotTaken::Unknown => ApiError::no_such_path(),
        NotTaken::NotBelieved(why) => ApiError::bad_input(format!("the event is refused: {why}")),
        NotTaken::NotNow(why) => {
            tracing::warn!(why, "an event of a payment provider is to be sent again");
            ApiError::unavailable("the event cannot be looked into now; send it again")
        }
    }
}

fn operation() -> Operation {
    let signature = json!({
        "name": "Stripe-Signature",
        "in": "header",
        "required": true,
        "schema": {"type": "string"},
    });
    Operation::open("receiveStripeEvent", TAG, "Take an event of Stripe")
        .text(
            "For Stripe, which signs what it sends: no API key. What the event is about is asked of \
             Stripe and written before the answer.",
        )
        .path("environment", "The environment's id, as `production` or `sandbox`")
        .header(signature)
        .answers_as(200, "It was taken", "application/json", json!({"type": "object"}))
        .refuses(&[400, 404, 408, 413, 414, 431, 500, 503])
}
