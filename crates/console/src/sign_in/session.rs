//! Sessions: begun with a token of their own, and found again by it.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::response::Response;
use scrip_core::Actor;
use scrip_ledger::{
    LedgerError, Person, RecordKind, SESSION_SECONDS, SESSIONS_MAX, SYSTEM, Session, Visit, Work,
    secret_hash, session_of, sessions_of,
};

use super::cookies::Cookie;
use super::{SignIn, peer};
use crate::visitor::CsrfToken;

/// What is written of a browser's name.
const USER_AGENT_MAX: usize = 200;
/// How late it is written that something was done in a session.
const SEEN_EVERY_MILLISECONDS: i64 = 5 * 60 * 1_000;

/// 256 random bits, as text.
pub fn random_token() -> String {
    rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the forms of a session carry: nothing by which it could be used.
pub fn csrf_of(token: &str) -> CsrfToken {
    let hash = secret_hash(format!("scrip csrf {token}").as_bytes());
    CsrfToken::new(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// The token of the session in whose name a request comes.
pub fn token<'h>(sign_in: &SignIn, headers: &'h HeaderMap) -> Option<&'h str> {
    Cookie::Session.read(headers, sign_in.options().is_secure)
}

/// The session in whose name a request comes, if it stands. That something was done in it is written now
/// and then.
pub async fn current(
    sign_in: &SignIn,
    headers: &HeaderMap,
) -> Result<Option<(Visit, CsrfToken)>, LedgerError> {
    let Some(token) = token(sign_in, headers) else { return Ok(None) };
    let Some(visit) = session_of(sign_in.ledger(), token).await? else { return Ok(None) };
    let now = sign_in.ledger().now(SYSTEM);
    if now.milliseconds().saturating_sub(visit.session.seen_at.milliseconds())
        >= SEEN_EVERY_MILLISECONDS
    {
        let (kind, id) = (RecordKind::Session, visit.session.record_id());
        let patch = scrip_ledger::RecordPatch { kind, id, members: Session::seen(now) };
        // What cannot be written ends the session early, and nothing else.
        if let Err(error) = sign_in.execute(Actor::System, Work::PatchRecord(patch)).await {
            tracing::warn!(%error, "writing that a session is used");
        }
    }
    Ok(Some((visit, csrf_of(token))))
}

/// Begins a session of somebody who has proved who they are, with a new token, and ends the one before.
pub async fn begin(
    sign_in: &SignIn,
    parts: &Parts,
    person: &Person,
    by: &str,
    response: &mut Response,
) -> Result<(), LedgerError> {
    let actor = || Actor::Person(person.id.as_str().into());
    if let Some(old) = token(sign_in, &parts.headers) {
        end(sign_in, actor(), secret_hash(old.as_bytes())).await?;
    }
    let now = sign_in.ledger().now(SYSTEM);
    let token = random_token();
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let session = Session {
        token_hash: secret_hash(token.as_bytes()),
        email: person.email.clone(),
        person_id: person.id.clone(),
        generation: person.generation,
        began_at: now,
        seen_at: now,
        by: by.to_owned(),
        user_agent: agent.unwrap_or_default().chars().take(USER_AGENT_MAX).collect(),
        address: peer(&parts.extensions),
    };
    make_room(sign_in, person).await?;
    sign_in.execute(actor(), Work::CreateRecord(session.record())).await?;
    let is_secure = sign_in.options().is_secure;
    Cookie::Session.set(response.headers_mut(), &token, SESSION_SECONDS, is_secure);
    Cookie::Form.clear(response.headers_mut(), is_secure);
    Ok(())
}

/// Ends a session, if there is one of this hash.
pub async fn end(sign_in: &SignIn, actor: Actor, token_hash: [u8; 32]) -> Result<(), LedgerError> {
    let id: String = token_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if sign_in.ledger().record(SYSTEM, RecordKind::Session, &id).await?.is_none() {
        return Ok(());
    }
    match sign_in.execute(actor, Work::ArchiveRecord(RecordKind::Session, id)).await {
        // It was forgotten meanwhile.
        Err(LedgerError::Refused(_)) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Forgets what is over of a person's sessions, and ends the oldest of too many.
async fn make_room(sign_in: &SignIn, person: &Person) -> Result<(), LedgerError> {
    let (good, over) = sessions_of(sign_in.ledger(), person).await?;
    let oldest = good.iter().skip(SESSIONS_MAX.saturating_sub(1)).map(Session::record_id);
    let gone: Vec<String> = over.into_iter().map(|record| record.id).chain(oldest).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let work = Work::ForgetRecords(RecordKind::Session, gone);
    sign_in.execute(Actor::System, work).await.map(drop)
}
