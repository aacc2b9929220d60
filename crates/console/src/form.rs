//! What a form sends: read within bounds, and only from a page of the same session.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, Request};

use crate::Console;
use crate::failure::Failure;
use crate::visit::Visit;

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// The field that shows that the form is one of the session's.
pub const CSRF: &str = "csrf";
/// The field that names the request: what is sent twice happens once.
pub const REQUEST_ID: &str = "request_id";

/// A form that was sent by somebody who is signed in, from one of their own pages.
pub struct Sent {
    /// Who, and where.
    pub visit: Visit,
    /// What.
    pub form: Form,
}

/// The fields of a form, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// What a body of `application/x-www-form-urlencoded` says. Browsers end lines with two
    /// characters, whatever they were shown.
    pub fn parse(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body);
        Self(fields.map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect())
    }

    /// What a request sends, if it is no longer than so many bytes.
    pub async fn read(body: Body, bytes_max: usize) -> Result<Self, Failure> {
        let body = to_bytes(body, bytes_max).await;
        let body = body.map_err(|_| Failure::BadForm("it is too large, or it broke off"))?;
        Ok(Self::parse(&body))
    }

    /// A form that is filled in.
    pub fn of<const N: usize>(fields: [(&str, &str); N]) -> Self {
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// The same with another field that is filled in.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A field's text without the blanks around it; one that is empty is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field's text, or nothing.
    pub fn written(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A field's text as it was typed, with the blanks around it: they belong to a password.
    pub fn typed<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a field that can be chosen several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All fields, but for those that every form has.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = |name: &str| name != CSRF && name != REQUEST_ID;
        let fields = self.0.iter().filter(move |(name, _)| own(name));
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The name of the request, which becomes its `Idempotency-Key`.
    pub fn request_id(&self) -> Result<&str, Failure> {
        self.text(REQUEST_ID).ok_or(Failure::BadForm("it does not name its request"))
    }
}

/// Reads who sends a form, and what; one that is not of the session's own pages is not read.
pub async fn read(console: &Console, request: Request) -> Result<Sent, Failure> {
    let (mut parts, body) = request.into_parts();
    let visit = Visit::from_request_parts(&mut parts, console).await?;
    let form = Form::read(body, FORM_BYTES_MAX).await?;
    if !visit.visitor.csrf.matches(form.written(CSRF)) {
        return Err(Failure::StaleForm);
    }
    Ok(Sent { visit, form })
}

/// A new name for a request.
pub fn new_request_id() -> String {
    format!("console-{:032x}", rand::random::<u128>())
}
