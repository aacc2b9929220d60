//! JSON Web Tokens: three parts, a signature, and what they claim (RFC 7515, RFC 7519, RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::{Algorithm, Key};

/// What of a token is looked at.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// How far the clocks of an issuer and of this machine may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// Why a token is worth nothing. What it says is told to nobody but the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token: not three parts, no base64, no JSON, or too long.
    #[error("it is no signed JSON Web Token")]
    Malformed,
    /// It is signed in no way that is taken: RS256, ES256 or EdDSA.
    #[error("its algorithm is none of RS256, ES256 and EdDSA, or it has critical extensions")]
    Algorithm,
    /// The issuer has no such key for such signatures.
    #[error("its issuer has no key of that kid and algorithm")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else issued it.
    #[error("another issuer made it")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// Its time is over, or it says nothing of that.
    #[error("it has expired, or has no exp")]
    Expired,
    /// Its time is yet to come.
    #[error("it is not valid yet")]
    NotYet,
    /// It does not say whom it is about.
    #[error("it has no sub")]
    Subject,
    /// The issuer's keys cannot be had; asking again later may help.
    #[error("the keys of its issuer cannot be had: {0}")]
    Unavailable(String),
}

/// What a token says whose signature, issuer, audience and time were found to be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// Whom it is about, in the issuer's words: never empty.
    pub subject: String,
    /// All members.
    pub members: Map<String, Value>,
}

impl Claims {
    /// The text of a member, if it is one.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    /// The address, if the issuer says that it has verified it: by the boolean of OpenID Connect Core 1.0,
    /// section 5.1, and by nothing that looks like it.
    #[must_use]
    pub fn verified_email(&self) -> Option<&str> {
        let is_verified = self.members.get("email_verified").and_then(Value::as_bool) == Some(true);
        self.text("email").filter(|_| is_verified)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token that was taken apart and says nothing yet.
pub(super) struct Parts<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
}

/// Whose token it must be.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    /// One of them must be among those that the token is for.
    pub(super) audiences: &'e [String],
    /// Seconds since 1970.
    pub(super) now: i64,
}

impl<'t> Parts<'t> {
    /// Takes a token apart.
    pub(super) fn of(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header =
            serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Malformed)?;
        let algorithm = Algorithm::parse(&header.alg).ok_or(TokenError::Algorithm)?;
        if header.crit.is_some() {
            return Err(TokenError::Algorithm);
        }
        let key_id = header.kid.ok_or(TokenError::UnknownKey)?;
        Ok(Self { signed, payload, signature: decoded(signature)?, algorithm, key_id })
    }

    /// What it says, if this key signed it and it is what is expected.
    pub(super) fn verify(self, key: &Key, expected: &Expected<'_>) -> Result<Claims, TokenError> {
        if !key.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(TokenError::Signature);
        }
        let members: Map<String, Value> =
            serde_json::from_slice(&decoded(self.payload)?).map_err(|_| TokenError::Malformed)?;
        let text = |member: &str| members.get(member).and_then(Value::as_str);
        if text("iss") != Some(expected.issuer) {
            return Err(TokenError::Issuer);
        }
        if !is_for(members.get("aud"), expected.audiences) {
            return Err(TokenError::Audience);
        }
        let end = instant(members.get("exp"))?.ok_or(TokenError::Expired)?;
        if end.saturating_add(LEEWAY_SECONDS) <= expected.now {
            return Err(TokenError::Expired);
        }
        let latest = expected.now.saturating_add(LEEWAY_SECONDS);
        for begin in ["nbf", "iat"] {
            if instant(members.get(begin))?.is_some_and(|begin| begin > latest) {
                return Err(TokenError::NotYet);
            }
        }
        let subject = text("sub").filter(|subject| !subject.is_empty());
        let subject = subject.ok_or(TokenError::Subject)?.to_owned();
        Ok(Claims { issuer: expected.issuer.to_owned(), subject, members })
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

fn is_for(audience: Option<&Value>, wanted: &[String]) -> bool {
    let is_wanted =
        |value: &Value| value.as_str().is_some_and(|text| wanted.iter().any(|it| it == text));
    match audience {
        Some(Value::Array(audiences)) => audiences.iter().any(is_wanted),
        Some(one) => is_wanted(one),
        None => false,
    }
}

/// Seconds since 1970; parts of a second are cut.
fn instant(value: Option<&Value>) -> Result<Option<i64>, TokenError> {
    let Some(value) = value else { return Ok(None) };
    let whole = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    whole.map(Some).ok_or(TokenError::Malformed)
}
