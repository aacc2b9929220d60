//! Who looks at a page, and who says so.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::HeaderMap;
use scrip_core::EnvironmentId;
use scrip_ledger::{KeyHolder, Role};

use crate::secret::is_same;

/// What an object-safe trait gives instead of a future of its own type.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A person who is signed in, as a page of one environment sees them.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The identifier of the person's record.
    pub person_id: String,
    /// What to call the person.
    pub display_name: String,
    /// Where the person is written to.
    pub email: String,
    /// What the person may in the account.
    pub role: Role,
    /// The account of the environment.
    pub account_id: String,
    /// The environment that is looked at.
    pub environment: EnvironmentLink,
    /// The environments to go to, in the order of the switcher: those that have not ended, and the one that
    /// is looked at.
    pub environments: Vec<EnvironmentLink>,
    /// What the forms of this session carry.
    pub csrf: CsrfToken,
}

impl Visitor {
    /// Who asks the API: the person, with what the role allows, in this environment.
    pub(crate) fn holder(&self) -> Arc<KeyHolder> {
        let EnvironmentLink { number, home, is_sandbox, .. } = self.environment;
        Arc::new(KeyHolder::of_person(&self.person_id, number, is_sandbox, self.role).at_home(home))
    }
}

/// An environment that can be gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentLink {
    /// Its number in the store.
    pub number: EnvironmentId,
    /// The number that it keeps when it is reset: an action is the same before and after.
    pub home: EnvironmentId,
    /// Its name in addresses: `production`.
    pub name: String,
    /// It has a clock that can be moved.
    pub is_sandbox: bool,
    /// It has ended: it can be read, and nothing in it changes.
    pub is_archived: bool,
}

/// A secret of a session, which shows that a form came from one of its pages.
#[derive(Clone)]
pub struct CsrfToken(String);

/// Why somebody sees no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Nobody is signed in, or the session has ended: the sign-in page is next.
    NotSignedIn,
    /// There is no such environment, as far as the person may know.
    NoSuchEnvironment,
    /// It cannot be said who it is: the store does not answer.
    Unavailable,
}

/// Says who asks.
pub trait Doorkeeper: Send + Sync {
    /// Who sends these headers, in the environment of this name, or in the first that they may look
    /// at. One that was archived can be looked at too.
    fn visitor<'a>(
        &'a self,
        headers: &'a HeaderMap,
        environment: Option<&'a str>,
    ) -> Boxed<'a, Result<Visitor, TurnedAway>>;
}

impl CsrfToken {
    /// A session's token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// As it stands in a form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form's is this one. It takes as long for a wrong one as for a right one.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        !self.0.is_empty() && is_same(self.0.as_bytes(), other.as_bytes())
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_matches() {
        let token = CsrfToken::new("abc");
        assert!(token.matches("abc"));
        assert!(!["", "ab", "abd", "abcd"].iter().any(|other| token.matches(other)));
        assert!(!CsrfToken::new("").matches(""));
    }
}
