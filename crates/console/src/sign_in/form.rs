//! Forms of somebody who is not signed in: the token in a cookie and in the form must be one.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;
use scrip_ledger::secret_hash;

use super::cookies::Cookie;
use super::{SignIn, session};
use crate::failure::Failure;
use crate::form::{CSRF, Form};
use crate::secret::is_same;

/// Bytes of a form.
pub const FORM_BYTES_MAX: usize = 16 * 1024;
/// How long a form is good.
const FORM_SECONDS: i64 = 60 * 60;

/// Reads a form that came from a page of ours.
pub async fn read(sign_in: &SignIn, request: Request) -> Result<(Parts, Form), Failure> {
    let (parts, body) = request.into_parts();
    let form = Form::read(body, FORM_BYTES_MAX).await?;
    let cookie = Cookie::Form.read(&parts.headers, sign_in.options().is_secure);
    let expected = cookie.map(token_of).ok_or(Failure::StaleForm)?;
    if !is_same(expected.as_bytes(), form.written(CSRF).as_bytes()) {
        return Err(Failure::StaleForm);
    }
    Ok((parts, form))
}

/// A page with a form, whose token the page is made with. The browser keeps the token's source.
pub fn page(
    sign_in: &SignIn,
    headers: &HeaderMap,
    status: StatusCode,
    make: impl FnOnce(&str) -> Markup,
) -> Response {
    let is_secure = sign_in.options().is_secure;
    let known = Cookie::Form.read(headers, is_secure).map(str::to_owned);
    let source = known.unwrap_or_else(session::random_token);
    let page = make(&token_of(&source)).into_string();
    let mut response = (status, Html(page)).into_response();
    Cookie::Form.set(response.headers_mut(), &source, FORM_SECONDS, is_secure);
    response
}

/// The token of a form whose source is in a cookie.
fn token_of(source: &str) -> String {
    let hash = secret_hash(format!("scrip form {source}").as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
