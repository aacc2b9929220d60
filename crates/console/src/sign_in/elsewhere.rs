//! Signing in elsewhere: by an issuer of OpenID Connect, whom the binary speaks to.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use scrip_core::Actor;
use scrip_ledger::{
    Answer, Email, Identity, LedgerError, Person, PersonChange, PersonDeed, SYSTEM, Work,
    person_by_identity, person_of,
};

use super::cookies::Cookie;
use super::password_page::{has_a_place, next_of, safe, unavailable};
use super::{SignIn, form, pages, session};
use crate::failure::{Failure, Shown, redirect};
use crate::secret::is_same;
use crate::visitor::Boxed;

/// How long somebody may take to sign in elsewhere.
const WITHIN_SECONDS: i64 = 10 * 60;

/// Somebody who says who people are.
pub trait Elsewhere: Send + Sync {
    /// What people call it.
    fn name(&self) -> String;

    /// Begins a sign-in.
    fn start(&self) -> Boxed<'_, Result<Started, ElsewhereError>>;

    /// Who came back with a code, for a sign-in with this nonce and verifier, at an instant in seconds
    /// since 1970. `issuer` is what the answer says of who made it.
    fn finish<'a>(
        &'a self,
        code: &'a str,
        issuer: Option<&'a str>,
        begun: &'a Started,
        now: i64,
    ) -> Boxed<'a, Result<Identified, ElsewhereError>>;
}

/// A sign-in that has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started {
    /// Where the browser goes.
    pub url: String,
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves that whoever redeems the code began the sign-in.
    pub verifier: String,
}

/// Who somebody is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Who they are.
    pub identity: Identity,
    /// An address that the issuer has verified.
    pub verified_email: Option<String>,
}

/// Why nobody signed in; the words are for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElsewhereError {
    /// The issuer cannot be reached.
    Unavailable(String),
    /// What came back proves nothing.
    Refused(String),
}

/// Sends the browser there.
pub async fn start(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, _) = request.into_parts();
    let Some(elsewhere) = &sign_in.options().elsewhere else { return Err(Failure::NotFound) };
    let next = next_of(parts.uri.query().unwrap_or_default());
    match elsewhere.start().await {
        Ok(Started { url, state, nonce, verifier }) => {
            let mut kept = form_urlencoded::Serializer::new(String::new());
            kept.append_pair("state", &state)
                .append_pair("nonce", &nonce)
                .append_pair("verifier", &verifier)
                .append_pair("next", &next);
            let mut response = redirect(&url);
            let is_secure = sign_in.options().is_secure;
            let kept = kept.finish();
            Cookie::Elsewhere.set(response.headers_mut(), &kept, WITHIN_SECONDS, is_secure);
            Ok(response)
        }
        Err(error) => Ok(failed(&sign_in, &parts, &error)),
    }
}

/// Takes up whoever comes back.
pub async fn come_back(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, _) = request.into_parts();
    let is_secure = sign_in.options().is_secure;
    let mut response = answer(&sign_in, &parts).await?;
    // A sign-in that has begun ends here, whatever came of it.
    Cookie::Elsewhere.clear(response.headers_mut(), is_secure);
    Ok(response)
}

async fn answer(sign_in: &SignIn, parts: &Parts) -> Shown {
    let Some(elsewhere) = &sign_in.options().elsewhere else { return Err(Failure::NotFound) };
    let refused = |why: &str| failed(sign_in, parts, &ElsewhereError::Refused(why.to_owned()));
    let Some(kept) = Cookie::Elsewhere.read(&parts.headers, sign_in.options().is_secure) else {
        return Ok(refused("no sign-in has begun in this browser, or it took too long"));
    };
    let kept = member_of(kept);
    let told = member_of(parts.uri.query().unwrap_or_default());
    let (state, came_back) = (kept("state"), told("state"));
    if state.is_empty() || !is_same(state.as_bytes(), came_back.as_bytes()) {
        return Ok(refused("the state is of another sign-in"));
    }
    let error = told("error");
    if !error.is_empty() {
        return Ok(refused(&format!("the issuer says: {}", short(&error))));
    }
    let begun =
        Started { url: String::new(), state, nonce: kept("nonce"), verifier: kept("verifier") };
    let issuer = Some(told("iss")).filter(|issuer| !issuer.is_empty());
    let now = sign_in.ledger().now(SYSTEM).milliseconds().div_euclid(1_000);
    let code = told("code");
    let found = match elsewhere.finish(&code, issuer.as_deref(), &begun, now).await {
        Ok(identified) => person(sign_in, &identified).await.map_err(unavailable)?,
        Err(error) => return Ok(failed(sign_in, parts, &error)),
    };
    match found.filter(has_a_place) {
        Some(person) => {
            let by = person.identity.as_ref().map_or("", |identity| identity.issuer.as_str());
            let mut response = redirect(&safe(&kept("next")));
            let begun = session::begin(sign_in, parts, &person, by, &mut response).await;
            begun.map_err(unavailable)?;
            Ok(response)
        }
        None => Ok(refused("nobody here is that person; they must be invited first")),
    }
}

/// Whoever here is somebody elsewhere: who was so before, or who was invited under the address that the issuer
/// has verified and is nobody elsewhere yet.
async fn person(
    sign_in: &SignIn,
    Identified { identity, verified_email }: &Identified,
) -> Result<Option<Person>, LedgerError> {
    if let Some(person) = person_by_identity(sign_in.ledger(), identity).await? {
        return Ok(Some(person));
    }
    let email = verified_email.as_deref().and_then(|email| Email::parse(email).ok());
    let Some(email) = email else { return Ok(None) };
    let known = person_of(sign_in.ledger(), &email).await?;
    let Some(person) = known.filter(|person| person.identity.is_none()) else { return Ok(None) };
    let actor = Actor::Person(person.id.as_str().into());
    let deed = PersonDeed::Identify(identity.clone());
    let work = Work::ChangePerson(Box::new(PersonChange { email, deed }));
    match sign_in.execute(actor, work).await {
        Ok(Answer::Record(record)) => Ok(Person::of(&record)),
        // Somebody else was faster, or the person was removed.
        Ok(_) | Err(LedgerError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(sign_in: &SignIn, parts: &Parts, error: &ElsewhereError) -> Response {
    let (status, why, words) = match error {
        ElsewhereError::Unavailable(why) => {
            let words = "Where you sign in does not answer at this moment. Try again later.";
            (StatusCode::BAD_GATEWAY, why, words)
        }
        ElsewhereError::Refused(why) => {
            let words = "You could not be signed in. Begin again; if that does not help, ask an \
                         owner of the account to invite you.";
            (StatusCode::FORBIDDEN, why, words)
        }
    };
    tracing::warn!(why, "a sign-in elsewhere");
    form::page(sign_in, &parts.headers, status, |_| pages::notice("Not signed in", words))
}

/// The members of a query or of what was kept like one.
fn member_of(text: &str) -> impl Fn(&str) -> String {
    let members: Vec<(String, String)> =
        form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    move |name| {
        let found = members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(64).collect()
}
