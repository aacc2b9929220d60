//! `/console/sign-in/me`: whoever is signed in looks at their sessions, ends them, and changes the password.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse as _, Response};
use scrip_core::Actor;
use scrip_ledger::{
    Answer, LedgerError, Person, PersonChange, PersonDeed, RecordKind, Visit, Work, secret_hash,
    sessions_of,
};

use super::cookies::Cookie;
use super::form::FORM_BYTES_MAX;
use super::password_page::{after, first_sign_in, unavailable};
use super::{SIGN_IN, SignIn, pages, password, peer, session};
use crate::failure::{Failure, Shown, redirect};
use crate::form::{CSRF, Form};
use crate::visitor::CsrfToken;

/// Where somebody signed in sees to their sign-in.
pub const ME: &str = "/console/sign-in/me";

/// Somebody who is signed in, and what they sent from a page of their own.
struct Sent {
    parts: Parts,
    visit: Visit,
    csrf: CsrfToken,
    form: Form,
}

/// Sessions, and the password.
pub async fn show(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, _) = request.into_parts();
    match session::current(&sign_in, &parts.headers).await.map_err(unavailable)? {
        Some((visit, csrf)) => page(&sign_in, &visit, &csrf, StatusCode::OK, None).await,
        None => Ok(first_sign_in(ME)),
    }
}

/// Ends the session in which it is asked for.
pub async fn sign_out(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let Some(sent) = read(&sign_in, request).await? else { return Ok(redirect(SIGN_IN)) };
    if let Some(token) = session::token(&sign_in, &sent.parts.headers) {
        let ended = session::end(&sign_in, actor(&sent.visit), secret_hash(token.as_bytes())).await;
        ended.map_err(unavailable)?;
    }
    let mut response = redirect(SIGN_IN);
    Cookie::Session.clear(response.headers_mut(), sign_in.options().is_secure);
    Ok(response)
}

/// Ends one session, or all.
pub async fn end_sessions(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let Some(sent) = read(&sign_in, request).await? else { return Ok(first_sign_in(ME)) };
    let wanted = sent.form.written("session");
    let person = &sent.visit.person;
    if wanted == "all" {
        let change = PersonChange { email: person.email.clone(), deed: PersonDeed::EndSessions };
        let work = Work::ChangePerson(Box::new(change));
        sign_in.execute(actor(&sent.visit), work).await.map_err(unavailable)?;
        let mut response = redirect(SIGN_IN);
        Cookie::Session.clear(response.headers_mut(), sign_in.options().is_secure);
        return Ok(response);
    }
    let (sessions, _) = sessions_of(sign_in.ledger(), person).await.map_err(unavailable)?;
    if let Some(session) = sessions.iter().find(|session| session.public_id() == wanted) {
        let work = Work::ArchiveRecord(RecordKind::Session, session.record_id());
        match sign_in.execute(actor(&sent.visit), work).await {
            Ok(_) | Err(LedgerError::Refused(_)) => {}
            Err(error) => return Err(unavailable(error)),
        }
    }
    Ok(redirect(ME))
}

/// Another password, for whoever knows the one that is. All sessions end but this one, which goes on under
/// a new token.
pub async fn change_password(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let Some(sent) = read(&sign_in, request).await? else { return Ok(first_sign_in(ME)) };
    let Sent { parts, visit, csrf, form } = sent;
    let person = &visit.person;
    let (old, new) = (form.typed("old"), form.typed("password"));
    if let Err(wait) = sign_in.throttle().count(person.email.as_str(), &peer(&parts.extensions)) {
        let words = Some("Too many tries. Wait a little and try again.");
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Ok(after(page(&sign_in, &visit, &csrf, status, words).await?, wait));
    }
    let passwords = sign_in.passwords();
    let complaint = if new != form.typed("again") {
        Some("The two passwords differ.")
    } else if let Some(words) = password::complaint(new, person.email.as_str()) {
        Some(words)
    } else if old.len() > password::BYTES_MAX {
        Some("The password is wrong.")
    } else {
        // Whoever signs in elsewhere only has none to know.
        let hash = person.password_hash.as_ref();
        let is_right = passwords.is_of(old, hash).await.map_err(|_| Failure::Unavailable)?;
        (!is_right).then_some("The password is wrong.")
    };
    if complaint.is_some() {
        return page(&sign_in, &visit, &csrf, StatusCode::BAD_REQUEST, complaint).await;
    }
    let hash = passwords.hash(new).await.map_err(|_| Failure::Unavailable)?;
    let deed = PersonDeed::SetPassword(hash);
    let work = Work::ChangePerson(Box::new(PersonChange { email: person.email.clone(), deed }));
    let answer = sign_in.execute(actor(&visit), work).await.map_err(unavailable)?;
    let Answer::Record(record) = answer else {
        return Err(Failure::Internal("a person was answered with something else".to_owned()));
    };
    let changed = Person::of(&record);
    let changed = changed.ok_or_else(|| Failure::Internal("a person cannot be read".to_owned()))?;
    let mut response = redirect(ME);
    let begun = session::begin(&sign_in, &parts, &changed, &visit.session.by, &mut response).await;
    begun.map_err(unavailable)?;
    Ok(response)
}

/// Who sends a form, and what, if it came from a page of the same session; none if nobody is signed in.
async fn read(sign_in: &SignIn, request: Request) -> Result<Option<Sent>, Failure> {
    let (parts, body) = request.into_parts();
    let current = session::current(sign_in, &parts.headers).await.map_err(unavailable)?;
    let Some((visit, csrf)) = current else { return Ok(None) };
    let form = Form::read(body, FORM_BYTES_MAX).await?;
    if !csrf.matches(form.written(CSRF)) {
        return Err(Failure::StaleForm);
    }
    Ok(Some(Sent { parts, visit, csrf, form }))
}

fn actor(visit: &Visit) -> Actor {
    Actor::Person(visit.person.id.as_str().into())
}

async fn page(
    sign_in: &SignIn,
    visit: &Visit,
    csrf: &CsrfToken,
    status: StatusCode,
    wrong: Option<&str>,
) -> Result<Response, Failure> {
    let listed = sessions_of(sign_in.ledger(), &visit.person).await;
    let (sessions, _) = listed.map_err(unavailable)?;
    let has_password = visit.person.password_hash.is_some();
    let page = pages::me(csrf.as_str(), visit, &sessions, has_password, wrong);
    Ok((status, Html(page.into_string())).into_response())
}
