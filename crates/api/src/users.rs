//! How the API is told whose token a request carries: by whoever verifies tokens beside it.

use std::fmt;
use std::sync::Arc;

use crate::payments::Boxed;

/// Who verifies the tokens of users.
pub trait VerifyUsers: Send + Sync {
    /// Whom a token is about, at an instant in seconds since 1970.
    fn verify<'a>(
        &'a self,
        token: &'a str,
        now_seconds: i64,
    ) -> Boxed<'a, Result<TokenUser, TokenRefusal>>;
}

/// Whom a token is about whose signature, issuer, audience and time are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUser {
    /// The issuer's exact name.
    pub issuer: String,
    /// Whom the issuer means.
    pub subject: String,
    /// The address, if the issuer says that it has verified it.
    pub verified_email: Option<String>,
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// It is worth nothing; and why, for whoever sent it.
    Worthless(String),
    /// Nobody can say now; and why, for the log.
    NotNow(String),
}

/// Who verifies the tokens of users, if anybody does.
#[derive(Clone, Default)]
pub struct Users(pub Option<Arc<dyn VerifyUsers>>);

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Users").field(&self.0.is_some()).finish()
    }
}
