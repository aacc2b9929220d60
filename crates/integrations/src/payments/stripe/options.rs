//! How Stripe is reached, and in whose name.

use std::fmt;
use std::time::Duration;

use http::Uri;

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps this text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for whoever signs or authenticates with it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How Stripe is reached.
#[derive(Clone, Debug)]
pub struct StripeOptions {
    /// Where its API is: [`StripeOptions::BASE_URL`], or what stands in for it.
    pub base_url: String,
    /// The account's secret or restricted key.
    pub secret_key: Secret,
    /// What the account's webhook endpoint signs with; without it nothing that comes in is
    /// believed.
    pub webhook_secret: Option<Secret>,
    /// How long a request may take as a whole.
    pub timeout: Duration,
}

/// Options that no requests can be made with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Stripe: {0}")]
pub struct InvalidOptions(pub(super) String);

impl StripeOptions {
    /// Stripe's own.
    pub const BASE_URL: &'static str = "https://api.stripe.com";

    /// The base URL without an end, if requests can be sent there. A secret goes with each of them,
    /// so without TLS only to this machine.
    pub(super) fn base(&self) -> Result<String, InvalidOptions> {
        let invalid = |why: &str| InvalidOptions(format!("the base URL {why}"));
        let base = self.base_url.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| invalid("is none"))?;
        let host = uri.host().ok_or_else(|| invalid("has no host"))?;
        let is_here = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_here => {}
            _ => return Err(invalid("must begin with https://")),
        }
        if uri.query().is_some() || uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(invalid("must be no more than a host and a path"));
        }
        Ok(base.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(base_url: &str) -> StripeOptions {
        StripeOptions {
            base_url: base_url.to_owned(),
            secret_key: Secret::new("sk_test_hidden".to_owned()),
            webhook_secret: Some(Secret::new("whsec_hidden".to_owned())),
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn where_a_secret_may_be_sent() {
        let rows = [
            ("https://api.stripe.com", true),
            ("https://api.stripe.com/", true),
            ("http://127.0.0.1:12111", true),
            ("http://[::1]:12111", true),
            ("http://localhost:12111", true),
            ("http://api.stripe.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://somebody@api.stripe.com", false),
            ("https://api.stripe.com/?a=b", false),
            ("ftp://127.0.0.1", false),
            ("api.stripe.com", false),
            ("", false),
        ];
        for (url, is_good) in rows {
            assert_eq!(options(url).base().is_ok(), is_good, "{url}");
        }
    }

    #[test]
    fn secrets_are_shown_to_nobody() {
        let shown = format!("{:?}", options(StripeOptions::BASE_URL));
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
