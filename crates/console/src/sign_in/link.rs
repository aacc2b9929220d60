//! `/console/sign-in/link`: the link by which somebody signs in for the first time, or after the password
//! was lost. Looking at it changes nothing: browsers and mail servers look ahead.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use scrip_core::{Actor, Origin, TraceId};
use scrip_ledger::anchors::to_hex;
use scrip_ledger::{
    Answer, CreatedRange, Email, Ledger, LedgerError, LinkPurpose, LinkUse, Order, PageRequest,
    Person, RecordKind, RecordQuery, SYSTEM, SignInLink, Start, Work, secret_hash,
};

use super::password_page::{after, unavailable};
use super::{SIGN_IN, SignIn, form, pages, password, peer, session};
use crate::failure::{Failure, Shown, redirect};

/// Minutes for which the link of the first owner is good.
pub const FIRST_OWNER_MINUTES: i64 = 15;

/// What is said of every link that does not work, whatever it was.
const OVER: &str =
    "This link was used before, its time is over, or it was replaced. Ask for another one.";

/// What is said of links where people sign in elsewhere.
const ELSEWHERE: &str =
    "Nobody signs in by a password here, so a link is good for the first owner alone, once.";

/// Characters of a name.
const NAME_MAX: usize = 255;

/// Makes a link by which the first owner of an account comes to be, where there is no person at all; its path
/// and query, or none.
pub async fn first_owner_link(
    ledger: &dyn Ledger,
    account: &str,
) -> Result<Option<String>, LedgerError> {
    let query = RecordQuery {
        environment: SYSTEM,
        kind: RecordKind::Person,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: Some(false),
        page: PageRequest { start: Start::Newest, limit: 1 },
    };
    if !ledger.records(query).await?.items.is_empty() {
        return Ok(None);
    }
    let token = session::random_token();
    let link = SignInLink {
        token_hash: secret_hash(token.as_bytes()),
        purpose: LinkPurpose::FirstOwner { account: account.to_owned() },
        expires_at: ledger.now(SYSTEM).later(FIRST_OWNER_MINUTES * 60 * 1_000),
    };
    let (trace_id, salt) = (TraceId(rand::random()), rand::random());
    let origin = Origin { actor: Actor::System, trace_id, salt };
    let work = Work::CreateRecord(link.record());
    ledger.execute(Order { environment: SYSTEM, origin, work, remember: None }).await?;
    Ok(Some(format!("{SIGN_IN}/link?token={token}")))
}

/// The form, where the link still works.
pub async fn show(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    let Some((link, person)) = standing(&sign_in, &token).await.map_err(unavailable)? else {
        return Ok(over(&sign_in, &parts));
    };
    let filled = pages::Filled {
        token: &token,
        email: person.as_ref().map(|person| person.email.as_str()).unwrap_or_default(),
        name: person.as_ref().map(|person| person.display_name.as_str()).unwrap_or_default(),
        is_first_owner: matches!(link.purpose, LinkPurpose::FirstOwner { .. }),
    };
    Ok(form::page(&sign_in, &parts.headers, StatusCode::OK, |csrf| {
        pages::link(csrf, &filled, None)
    }))
}

/// Uses the link.
pub async fn accept(State(sign_in): State<SignIn>, request: Request) -> Shown {
    let (parts, form) = form::read(&sign_in, request).await?;
    let token = form.written("token");
    // Whoever guesses tokens is slowed down as whoever guesses passwords.
    if let Err(wait) = sign_in.throttle().count(token, &peer(&parts.extensions)) {
        let words = "Too many tries. Wait a little and try again.";
        let response = form::page(&sign_in, &parts.headers, StatusCode::TOO_MANY_REQUESTS, |_| {
            pages::notice("Not done", words)
        });
        return Ok(after(response, wait));
    }
    let Some((link, person)) = standing(&sign_in, token).await.map_err(unavailable)? else {
        return Ok(over(&sign_in, &parts));
    };
    let is_first_owner = matches!(link.purpose, LinkPurpose::FirstOwner { .. });
    let written = form.written("email");
    let email = person.as_ref().map_or(written, |person| person.email.as_str());
    let (name, new) = (form.written("displayName"), form.typed("password"));
    let filled = pages::Filled { token, email, name, is_first_owner };
    let refused = |words: &str| {
        form::page(&sign_in, &parts.headers, StatusCode::BAD_REQUEST, |csrf| {
            pages::link(csrf, &filled, Some(words))
        })
    };
    let Ok(address) = Email::parse(email) else {
        return Ok(refused("The e-mail address cannot be one."));
    };
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Ok(refused("The name must have 1 to 255 characters."));
    }
    if let Some(words) = password::complaint(new, address.as_str()) {
        return Ok(refused(words));
    }
    if new != form.typed("again") {
        return Ok(refused("The two passwords differ."));
    }
    let Ok(password_hash) = sign_in.passwords().hash(new).await else {
        return Err(Failure::Unavailable);
    };
    let person_id = person.map_or_else(new_person_id, |person| person.id);
    let used = LinkUse {
        token_hash: secret_hash(token.as_bytes()),
        display_name: name.to_owned(),
        password_hash,
        newcomer: is_first_owner.then(|| (address, person_id.clone())),
    };
    let actor = Actor::Person(person_id.into());
    match sign_in.execute(actor, Work::UseSignInLink(Box::new(used))).await {
        Ok(Answer::Record(record)) => {
            let unreadable = || Failure::Internal("a person's record cannot be read".to_owned());
            let person = Person::of(&record).ok_or_else(unreadable)?;
            let mut response = redirect("/console");
            let begun = session::begin(&sign_in, &parts, &person, "password", &mut response).await;
            begun.map_err(unavailable)?;
            Ok(response)
        }
        Ok(_) => Err(Failure::Internal("a link was answered with something else".to_owned())),
        Err(LedgerError::Refused(_)) => Ok(over(&sign_in, &parts)),
        Err(error) => Err(unavailable(error)),
    }
}

/// The link of a token that can still be used, and whom it is for if they are known.
async fn standing(
    sign_in: &SignIn,
    token: &str,
) -> Result<Option<(SignInLink, Option<Person>)>, LedgerError> {
    let hash = secret_hash(token.as_bytes());
    let id: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let record = sign_in.ledger().record(SYSTEM, RecordKind::SignInLink, &id).await?;
    let live = record.filter(|record| record.archived_at.is_none());
    let Some(link) = live.as_ref().and_then(SignInLink::of) else { return Ok(None) };
    if link.expires_at <= sign_in.ledger().now(SYSTEM) {
        return Ok(None);
    }
    let LinkPurpose::Password { email, .. } = &link.purpose else {
        return Ok(Some((link, None)));
    };
    // It would let somebody in who was asked for nothing but the link.
    if sign_in.options().without_passwords {
        return Ok(None);
    }
    let person = scrip_ledger::person_of(sign_in.ledger(), email).await?;
    let person = person.filter(|person| link.is_for(person));
    Ok(person.map(|person| (link, Some(person))))
}

fn over(sign_in: &SignIn, parts: &Parts) -> Response {
    let words = if sign_in.options().without_passwords { ELSEWHERE } else { OVER };
    form::page(sign_in, &parts.headers, StatusCode::GONE, |_| pages::notice("Not this link", words))
}

fn new_person_id() -> String {
    let bits: [u8; 10] = rand::random();
    format!("person_{}", to_hex(&bits))
}
