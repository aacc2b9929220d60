//! Users with a token: who they are, in which account and in which environment they ask, and what their
//! role there lets them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use scrip_ledger::{
    Email, Environment, Identity, KeyHolder, Ledger, Person, SYSTEM, all_environments,
    person_by_identity, person_of,
};

use super::Caller;
use crate::app::App;
use crate::error::ApiError;
use crate::places::{self, is_of_account};
use crate::users::{TokenRefusal, TokenUser};

const ACCOUNT: HeaderName = HeaderName::from_static("x-account-id");
const ENVIRONMENT: HeaderName = HeaderName::from_static("x-environment-id");

/// What a request with a token says of who asks, and of where.
pub(super) struct Asked {
    token: Box<str>,
    account: Option<Box<str>>,
    environment: Option<Box<str>>,
    /// It is about accounts, and not about one environment.
    is_of_account: bool,
}

impl Asked {
    /// Of a request without an API key; none if it carries no token either.
    pub fn of(request: &Request) -> Result<Option<Self>, ApiError> {
        let headers = request.headers();
        let Some(authorization) = one(headers, &header::AUTHORIZATION)? else { return Ok(None) };
        let token = authorization.split_once(' ').filter(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
        });
        let (_, token) = token.ok_or_else(|| {
            ApiError::unauthenticated("the header Authorization must be Bearer and a token")
        })?;
        let path = request.uri().path();
        Ok(Some(Self {
            token: token.trim().into(),
            account: one(headers, &ACCOUNT)?.map(Into::into),
            environment: one(headers, &ENVIRONMENT)?.map(Into::into),
            is_of_account: is_of_account(path),
        }))
    }
}

fn one<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Result<Option<&'r str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let wrong = || ApiError::bad_input(format!("{name} must be given once, as a plain text"));
    text.map(Some).ok_or_else(wrong)
}

/// Who asks, with the role in the account that is named, for the environment that is named.
pub(super) async fn admit(app: &App, asked: Asked) -> Result<Caller, ApiError> {
    let users = app.users().ok_or_else(|| {
        ApiError::unauthenticated("this server takes no tokens of users: send X-API-KEY")
    })?;
    let ledger = app.whole_ledger();
    let now_seconds = ledger.now(SYSTEM).milliseconds().div_euclid(1_000);
    let user = users.verify(&asked.token, now_seconds).await.map_err(refused)?;
    // Before anything is looked up for them, and whatever comes of that.
    app.rate_limit().map_or(Ok(()), |limit| limit.count_user(&user))?;
    let person =
        person(ledger, &user).await?.ok_or_else(|| forbidden("nobody here is this user"))?;
    let account = account(&person, asked.account.as_deref())?;
    let role = person.role_in(&account).ok_or_else(no_member)?;
    let environment = environment(app, &account, &asked).await?;
    let is_sandbox = environment.is_sandbox();
    let holder = KeyHolder::of_person(&person.id, environment.number, is_sandbox, role);
    Ok(Caller::new(holder.at_home(environment.home)))
}

fn refused(why: TokenRefusal) -> ApiError {
    match why {
        TokenRefusal::Worthless(why) => {
            ApiError::unauthenticated(&format!("the token is refused: {why}"))
        }
        TokenRefusal::NotNow(why) => {
            tracing::warn!(why, "a token cannot be verified");
            ApiError::unavailable("tokens cannot be verified now; try again")
        }
    }
}

/// Whoever the issuer means, or whoever has the address that it has verified.
async fn person(ledger: &dyn Ledger, user: &TokenUser) -> Result<Option<Person>, ApiError> {
    let identity = Identity { issuer: user.issuer.clone(), subject: user.subject.clone() };
    if let Some(person) = person_by_identity(ledger, &identity).await? {
        return Ok(Some(person));
    }
    let email = user.verified_email.as_deref().and_then(|email| Email::parse(email).ok());
    let Some(email) = email else { return Ok(None) };
    let found = person_of(ledger, &email).await?;
    // Whoever is somebody else at this issuer is not taken for this one by an address.
    let is_another = |person: &Person| {
        person.identity.as_ref().is_some_and(|known| known.issuer == identity.issuer)
    };
    Ok(found.filter(|person| !is_another(person)))
}

/// The account that is named, or the first one that the person belongs to.
fn account(person: &Person, named: Option<&str>) -> Result<String, ApiError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let first = person.memberships.iter().find(|it| !it.is_disabled);
    first.map(|it| it.account.clone()).ok_or_else(no_member)
}

/// An account that is not there is told from nobody's else.
fn no_member() -> ApiError {
    forbidden("this user does not belong to the account (X-ACCOUNT-ID)")
}

async fn environment(app: &App, account: &str, asked: &Asked) -> Result<Environment, ApiError> {
    let is_theirs = |environment: &Environment| environment.account == account;
    let found = match &asked.environment {
        Some(named) => places::called(app, named).await?.filter(is_theirs),
        None if asked.is_of_account => {
            let all = all_environments(app.whole_ledger()).await?;
            // It stays the same one: what is remembered under an Idempotency-Key is remembered with it.
            all.into_iter().filter(is_theirs).min_by_key(|it| it.home)
        }
        None => {
            let message = "X-ENVIRONMENT-ID is missing: whoever asks with a token names one";
            return Err(ApiError::bad_input(message));
        }
    };
    found.ok_or_else(|| forbidden("the account has no such environment (X-ENVIRONMENT-ID)"))
}

fn forbidden(message: impl Into<String>) -> ApiError {
    ApiError::forbidden("AccessDeniedError", message)
}
