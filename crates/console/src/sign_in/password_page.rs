//! `/console/sign-in`: an address and a password, or a way elsewhere.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use scrip_ledger::{Email, LedgerError, Person, person_of};

use super::password::{BYTES_MAX, Busy};
use super::{SignIn, form, pages, peer, session};
use crate::failure::{Failure, Shown, redirect};

/// What is said of every address and password that are not right, whichever of them it is.
const WRONG: &str = "The e-mail address or the password is wrong.";

/// The form; whoever is signed in goes on.
pub async fn show(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, _) = request.into_parts();
    let next = next_of(parts.uri.query().unwrap_or_default());
    if session::current(&sign_in, &parts.headers).await.map_err(unavailable)?.is_some() {
        return Ok(redirect(&next));
    }
    Ok(page(&sign_in, &parts, StatusCode::OK, &next, "", None))
}

/// Lets somebody in who knows the password.
pub async fn sign_in(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, form) = form::read(&sign_in, request).await?;
    let next = safe(form.written("next"));
    let email = form.written("email");
    let refused = |status, words| page(&sign_in, &parts, status, &next, email, Some(words));
    if sign_in.options().without_passwords {
        return Ok(refused(StatusCode::FORBIDDEN, "Nobody signs in by a password here."));
    }
    if let Err(wait) = sign_in.throttle().count(email, &peer(&parts.extensions)) {
        let words = "Too many tries. Wait a little and try again.";
        return Ok(after(refused(StatusCode::TOO_MANY_REQUESTS, words), wait));
    }
    let password = form.typed("password");
    match known(&sign_in, email, password).await.map_err(unavailable)? {
        Ok(Some(person)) => {
            let mut response = redirect(&next);
            let begun = session::begin(&sign_in, &parts, &person, "password", &mut response).await;
            begun.map_err(unavailable)?;
            Ok(response)
        }
        Ok(None) => Ok(refused(StatusCode::UNAUTHORIZED, WRONG)),
        Err(Busy) => {
            let words = "Too many people sign in at this moment. Try again.";
            let wait = Duration::from_secs(2);
            Ok(after(refused(StatusCode::SERVICE_UNAVAILABLE, words), wait))
        }
    }
}

/// Whoever has this address and this password, and a place in an account. Whatever of it is wrong, it
/// takes as long as if nothing were.
async fn known(
    sign_in: &SignIn,
    email: &str,
    password: &str,
) -> Result<Result<Option<Person>, Busy>, LedgerError> {
    let person = match Email::parse(email) {
        Ok(email) => person_of(sign_in.ledger(), &email).await?,
        Err(_) => None,
    };
    let password: String = password.chars().take(BYTES_MAX).collect();
    let hash = person.as_ref().and_then(|person| person.password_hash.as_ref());
    let is_right = match sign_in.passwords().is_of(&password, hash).await {
        Ok(is_right) => is_right,
        Err(busy) => return Ok(Err(busy)),
    };
    Ok(Ok(person.filter(|person| is_right && has_a_place(person))))
}

/// Whether somebody may look at anything.
pub fn has_a_place(person: &Person) -> bool {
    person.memberships.iter().any(|place| !place.is_disabled)
}

fn page(
    sign_in: &SignIn,
    parts: &Parts,
    status: StatusCode,
    next: &str,
    email: &str,
    wrong: Option<&str>,
) -> Response {
    let options = sign_in.options();
    let elsewhere = options.elsewhere.as_ref().map(|elsewhere| elsewhere.name());
    form::page(sign_in, &parts.headers, status, |csrf| {
        let ways = pages::Ways { has_password: !options.without_passwords, elsewhere };
        pages::sign_in(csrf, next, email, wrong, &ways)
    })
}

/// The same answer, to be asked again after a while.
pub fn after(mut response: Response, wait: Duration) -> Response {
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

/// Where a query says to go on.
pub fn next_of(query: &str) -> String {
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    safe(next.map(|(_, value)| value.into_owned()).unwrap_or_default().as_str())
}

/// A path of the console, or its beginning: a link to our sign-in leads to nobody else.
pub fn safe(next: &str) -> String {
    let is_ours =
        next == "/console" || next.starts_with("/console/") || next.starts_with("/console?");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = next.split(['?', '#']).next().unwrap_or_default();
    // An environment's name may begin as the sign-in's does.
    let is_sign_in = path == super::SIGN_IN || path.starts_with("/console/sign-in/");
    let is_sign_in = is_sign_in && path != super::me::ME;
    let next =
        if is_ours && is_plain && !is_sign_in && next.len() <= 2_048 { next } else { "/console" };
    next.to_owned()
}

/// The store does not answer.
pub fn unavailable(error: LedgerError) -> Failure {
    match error {
        LedgerError::Internal(inside) => Failure::Internal(inside),
        error => {
            tracing::warn!(%error, "signing in");
            Failure::Unavailable
        }
    }
}

/// Somebody is not signed in and must be.
pub fn first_sign_in(next: &str) -> Response {
    Failure::NotSignedIn { next: next.to_owned() }.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_nobody_else() {
        for (next, leads) in [
            ("/console/production/customers?x=1", true),
            ("/console", true),
            ("/console/sign-in/me", true),
            ("/console/sign-in", false),
            ("/console/sign-in?next=/console", false),
            ("/console/sign-in/link?token=x", false),
            ("/console/sign-in#x", false),
            // An environment's name.
            ("/console/sign-in-lab/customers", true),
            ("/console/sign-instead", true),
            ("/consolex", false),
            ("//evil.example", false),
            ("/console\\evil.example", false),
            ("https://evil.example/console/", false),
            ("/console/\r\nset-cookie: x", false),
            ("", false),
        ] {
            let expected = if leads { next } else { "/console" };
            assert_eq!(safe(next), expected, "{next:?}");
        }
    }
}
