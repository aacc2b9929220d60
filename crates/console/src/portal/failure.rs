//! Why there is no page, in words for somebody who is no user of this server.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::html;

use crate::api::ApiFailure;
use crate::layout;

/// Why there is no page.
#[derive(Debug)]
pub enum Failure {
    /// There is nothing at this address.
    NotFound,
    /// The link is over, was taken back, or never was one.
    Over,
    /// What the address asks for cannot be.
    Wrong(String),
    /// Too many requests, or the store does not answer.
    NotNow,
    /// Something is wrong here.
    Internal(String),
}

/// There is nothing at this address.
pub(super) async fn nothing_here() -> Failure {
    Failure::NotFound
}

impl From<ApiFailure> for Failure {
    fn from(failure: ApiFailure) -> Self {
        let refusal = match failure {
            ApiFailure::Refused(refusal) => refusal,
            ApiFailure::Unreadable(reason) => return Self::Internal(reason),
        };
        match refusal.status {
            StatusCode::UNAUTHORIZED => Self::Over,
            StatusCode::BAD_REQUEST => Self::Wrong(refusal.message),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Self::NotNow,
            _ => Self::Internal(refusal.message),
        }
    }
}

/// What is shared with the console fails in its words.
impl From<crate::failure::Failure> for Failure {
    fn from(failure: crate::failure::Failure) -> Self {
        match failure {
            crate::failure::Failure::Refused(refusal) => ApiFailure::Refused(refusal).into(),
            crate::failure::Failure::Internal(reason) => Self::Internal(reason),
            crate::failure::Failure::Unavailable => Self::NotNow,
            _ => Self::NotFound,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "Nothing here", "There is nothing at this address.".into())
            }
            Self::Over => (
                StatusCode::UNAUTHORIZED,
                "This link has ended",
                "Links to this page are good for an hour at most. Go back to where you came from, and \
                 open it again from there."
                    .into(),
            ),
            Self::Wrong(message) => (StatusCode::BAD_REQUEST, "This address is wrong", message),
            Self::NotNow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available for the moment",
                "Reload the page in a moment.".into(),
            ),
            Self::Internal(reason) => {
                tracing::error!(reason, "a page of the portal failed");
                let text = "It is in the server's log. Reload the page in a moment.".into();
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here", text)
            }
        };
        let page = layout::portal(title, "", html! { h1 { (title) } p { (text) } });
        (status, Html(page.into_string())).into_response()
    }
}
