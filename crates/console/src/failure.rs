//! Pages that say why there is no other page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::html;

use crate::api::{ApiFailure, Refusal};
use crate::layout;

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Nobody is signed in; afterwards the person wants to be here.
    NotSignedIn {
        /// A path within the console.
        next: String,
    },
    /// There is nothing at this address.
    NotFound,
    /// A form was sent by a page of somebody else.
    Foreign,
    /// The form's token is not the session's: it was made before the last sign-in.
    StaleForm,
    /// The form cannot be read.
    BadForm(&'static str),
    /// The API refuses.
    Refused(Refusal),
    /// It cannot be said who asks.
    Unavailable,
    /// Something is wrong here.
    Internal(String),
}

/// What a page is, or why there is none.
pub type Shown = Result<Response, Failure>;

/// There is nothing at this address.
pub async fn nothing_here() -> Failure {
    Failure::NotFound
}

impl Failure {
    /// What is written into a field cannot be read; the message begins with its name.
    pub fn of_field(message: impl Into<String>) -> Self {
        let code = "BadUserInput".to_owned();
        let message = message.into();
        Self::Refused(Refusal { status: StatusCode::BAD_REQUEST, code, message })
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn { .. } => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Foreign | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => refusal.status,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What to do about it.
    pub fn text(&self) -> String {
        self.words().1
    }

    /// A title, and what to do about it.
    fn words(&self) -> (&'static str, String) {
        let words = |title, text: &str| (title, text.to_owned());
        match self {
            Self::NotSignedIn { .. } => words("Sign in", "Sign in to go on."),
            Self::NotFound => words("Nothing here", "There is nothing at this address."),
            Self::Foreign => words(
                "Not done",
                "The form was sent by another site. Nothing was changed. Open the console \
                 yourself and do it there, if you meant to.",
            ),
            Self::StaleForm => words(
                "Not done",
                "The form is older than your session. Nothing was changed. Go back, reload the \
                 page and send it again.",
            ),
            Self::BadForm(reason) => ("Not done", format!("The form cannot be read: {reason}.")),
            Self::Refused(refusal) => {
                let title = match refusal.status {
                    StatusCode::FORBIDDEN => "Your role does not allow this",
                    StatusCode::NOT_FOUND => "Not found",
                    status if status.is_server_error() => "Not available for the moment",
                    _ => "Refused",
                };
                (title, refusal.message.clone())
            }
            Self::Unavailable => words(
                "Not available for the moment",
                "The store does not answer. Reload the page in a moment.",
            ),
            Self::Internal(_) => words(
                "Something went wrong here",
                "It is in the server's log. Nothing is known to be changed; reload the page to \
                 see how things are.",
            ),
        }
    }
}

impl From<ApiFailure> for Failure {
    fn from(failure: ApiFailure) -> Self {
        match failure {
            ApiFailure::Refused(refusal) => Self::Refused(refusal),
            ApiFailure::Unreadable(reason) => Self::Internal(reason),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Self::NotSignedIn { next } = &self {
            let next = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
            return redirect(&format!("/console/sign-in?next={next}"));
        }
        if let Self::Internal(reason) = &self {
            tracing::error!(reason, "a page of the console failed");
        }
        let (title, text) = self.words();
        let page = layout::bare(
            title,
            html! {
                h1 { (title) }
                p { (text) }
                p { a href="/console" { "To the console" } }
            },
        );
        (self.status(), Html(page.into_string())).into_response()
    }
}

/// See there instead, with GET.
pub fn redirect(target: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    match HeaderValue::from_str(target) {
        Ok(target) => {
            response.headers_mut().insert(header::LOCATION, target);
            response
        }
        Err(_) => Failure::NotFound.into_response(),
    }
}
