//! An issuer: where it says what it is, and its keys, which are asked for seldom.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::fetching::{Fetcher, WITHIN};
use super::keys::{Key, KeySet};
use super::token::{Claims, Expected, Parts, TokenError};
use super::url;

/// How long what an issuer says of itself is believed without asking again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long it is believed while the issuer cannot be reached.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// A URL that is never asked.
const KEYS_ARE_GIVEN: &str = "https://localhost/";
/// How often it is asked at most, whatever tokens say: anybody can make up the name of a key.
const ASKED_EVERY: Duration = Duration::from_secs(30);

/// An issuer cannot be what its options say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIssuer(pub String);

/// Somebody who says who people are.
pub struct Issuer {
    /// Its keys, if whoever runs the server says them.
    given: Option<Arc<Known>>,
    asked: Arc<Asked>,
}

/// An issuer that is asked.
struct Asked {
    name: String,
    /// Where its keys are, if that is not asked.
    jwks_url: Option<String>,
    fetcher: Fetcher,
    known: RwLock<Option<Arc<Known>>>,
    newest: Mutex<Option<Asking>>,
}

/// That it is asked, by a task of its own: whoever waits for it may leave.
struct Asking {
    began: Instant,
    /// It is closed when nothing more comes.
    outcome: watch::Receiver<Option<Outcome>>,
}

/// What comes of asking.
type Outcome = Result<Arc<Known>, String>;

/// What an issuer said.
pub(super) struct Known {
    at: Instant,
    keys: KeySet,
    /// None where only its keys are asked for.
    pub(super) discovered: Option<Discovered>,
}

/// What an issuer says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovered {
    issuer: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Issuer {
    /// An issuer of this exact name, a URL. Without a URL of its keys it is asked where they are, at
    /// `/.well-known/openid-configuration` behind its name. Nothing is asked before it is needed.
    pub fn new(name: &str, jwks_url: Option<&str>) -> Result<Self, InvalidIssuer> {
        let invalid = |what: &str| InvalidIssuer(format!("{what} must be an https URL"));
        // Of one whose keys are given, the name is only compared.
        if jwks_url.is_none() && !url::is_safe(name) {
            return Err(invalid("the issuer"));
        }
        if name.is_empty() {
            return Err(InvalidIssuer("the issuer must have a name".to_owned()));
        }
        if jwks_url.is_some_and(|it| !url::is_safe(it)) {
            return Err(invalid("the URL of the issuer's keys"));
        }
        let fetcher = Fetcher::new().map_err(|error| InvalidIssuer(format!("TLS: {error}")))?;
        let asked = Asked {
            name: name.to_owned(),
            jwks_url: jwks_url.map(str::to_owned),
            fetcher,
            known: RwLock::default(),
            newest: Mutex::default(),
        };
        Ok(Self { given: None, asked: Arc::new(asked) })
    }

    /// An issuer of this exact name whose key set is this one. It is asked for nothing.
    pub fn with_keys(name: &str, jwks: &[u8]) -> Result<Self, InvalidIssuer> {
        let keys = KeySet::read(jwks)
            .map_err(|error| InvalidIssuer(format!("it is no JSON Web Key Set: {error}")))?;
        if keys.is_empty() {
            let text = "it has no key for RS256, ES256 or EdDSA that has a kid";
            return Err(InvalidIssuer(text.to_owned()));
        }
        let mut issuer = Self::new(name, Some(KEYS_ARE_GIVEN))?;
        issuer.given = Some(Arc::new(Known { at: Instant::now(), keys, discovered: None }));
        Ok(issuer)
    }

    /// Its name, as `iss` says it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.asked.name
    }

    /// What a token of this issuer says that is for one of these audiences, at an instant in seconds
    /// since 1970.
    pub async fn verify(
        &self,
        token: &str,
        audiences: &[String],
        now: i64,
    ) -> Result<Claims, TokenError> {
        let parts = Parts::of(token)?;
        let key = self.key(&parts).await?;
        parts.verify(&key, &Expected { issuer: self.name(), audiences, now })
    }

    async fn key(&self, parts: &Parts<'_>) -> Result<Key, TokenError> {
        let known = self.known(|known| known.keys.has(&parts.key_id)).await;
        let known = known.map_err(TokenError::Unavailable)?;
        let found = known.keys.find(&parts.key_id, parts.algorithm);
        found.cloned().ok_or(TokenError::UnknownKey)
    }

    /// What it says of itself.
    pub(super) async fn discovered(&self) -> Result<Discovered, String> {
        let known = self.known(|_| true).await?;
        let none = || "the issuer is known by its keys only".to_owned();
        known.discovered.clone().ok_or_else(none)
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.asked.fetcher
    }

    /// What is known of it. It is asked if that is old or not enough, and was not asked just before.
    ///
    /// While it is asked, whoever comes is told what is old, if that is enough: an issuer that is silent
    /// keeps nobody else waiting, and nobody longer than one answer may take.
    async fn known(&self, is_enough: impl Fn(&Known) -> bool) -> Outcome {
        if let Some(given) = &self.given {
            return Ok(Arc::clone(given));
        }
        let is_good = |known: &Arc<Known>| known.at.elapsed() < FRESH && is_enough(known);
        if let Some(known) = self.asked.known().filter(is_good) {
            return Ok(known);
        }
        let turn = Asked::turn(&self.asked);
        // What somebody else asked for may have come meanwhile.
        let known = self.asked.known();
        if let Some(known) = known.clone().filter(is_good) {
            return Ok(known);
        }
        let stale = known.filter(|known| known.at.elapsed() < STALE);
        let mut outcome = match (turn, &stale) {
            (Turn::Over, _) => {
                return stale
                    .ok_or_else(|| "it was asked a moment ago, and gave no answer".to_owned());
            }
            (Turn::OfOthers(_), Some(stale)) if is_enough(stale) => return Ok(Arc::clone(stale)),
            (Turn::OfOthers(outcome) | Turn::Own(outcome), _) => outcome,
        };
        let told = match timeout(WITHIN, outcome.wait_for(Option::is_some)).await {
            Ok(Ok(told)) => told.clone(),
            // It goes on without whoever has waited long enough, or broke off.
            Ok(Err(_)) | Err(_) => None,
        };
        let told = told.unwrap_or_else(|| Err("it was asked, and has not answered yet".to_owned()));
        told.or_else(|error| stale.ok_or(error))
    }
}

/// Whose turn it is to ask.
enum Turn {
    /// It was asked just before.
    Over,
    /// It is asked already.
    OfOthers(watch::Receiver<Option<Outcome>>),
    /// It is asked from now on.
    Own(watch::Receiver<Option<Outcome>>),
}

impl Asked {
    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has it asked, if that is not done already and was not done just before.
    fn turn(this: &Arc<Self>) -> Turn {
        let mut newest = this.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asking) = &*newest {
            if asking.outcome.has_changed().is_ok() {
                return Turn::OfOthers(asking.outcome.clone());
            }
            if asking.began.elapsed() < ASKED_EVERY {
                return Turn::Over;
            }
        }
        let (sender, outcome) = watch::channel(None);
        *newest = Some(Asking { began: Instant::now(), outcome: outcome.clone() });
        let asked = Arc::clone(this);
        tokio::spawn(async move {
            let outcome = asked.ask().await.map(Arc::new);
            match &outcome {
                Ok(fresh) => {
                    let mut known = asked.known.write().unwrap_or_else(PoisonError::into_inner);
                    *known = Some(Arc::clone(fresh));
                }
                Err(error) => {
                    tracing::warn!(issuer = asked.name, error, "an issuer gave no keys");
                }
            }
            sender.send_replace(Some(outcome));
        });
        Turn::Own(outcome)
    }

    async fn ask(&self) -> Result<Known, String> {
        let at = Instant::now();
        let discovered = match &self.jwks_url {
            Some(_) => None,
            None => Some(self.discover().await?),
        };
        let jwks_url = match (&self.jwks_url, &discovered) {
            (Some(url), _) => url,
            (None, Some(discovered)) => &discovered.jwks_uri,
            (None, None) => return Err("it has no keys".to_owned()),
        };
        let keys = KeySet::read(&self.fetcher.get(jwks_url).await?)
            .map_err(|error| format!("{jwks_url}: {error}"))?;
        Ok(Known { at, keys, discovered })
    }

    async fn discover(&self) -> Result<Discovered, String> {
        let base = self.name.strip_suffix('/').unwrap_or(&self.name);
        let url = format!("{base}/.well-known/openid-configuration");
        let discovered: Discovered = serde_json::from_slice(&self.fetcher.get(&url).await?)
            .map_err(|error| format!("{url}: {error}"))?;
        if discovered.issuer != self.name {
            return Err(format!("{url} is about another issuer, {:?}", discovered.issuer));
        }
        let endpoints = [&discovered.authorization_endpoint, &discovered.token_endpoint];
        let named = endpoints.into_iter().flatten().chain([&discovered.jwks_uri]);
        for named in named {
            if !url::is_safe(named) {
                return Err(format!("{url} names {named:?}, which is no https URL"));
            }
        }
        Ok(discovered)
    }
}
