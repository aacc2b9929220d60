//! What every answer of the portal tells the browser.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Portal;

/// Nothing is loaded from elsewhere, and nothing is run.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors";

/// Sites that may show the portal in a frame, and whose pages may read with a token; none at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// A text is no origin of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnOrigin;

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be the origin of a site, like https://app.example.com")
    }
}

impl std::error::Error for NotAnOrigin {}

impl Origins {
    /// These sites: scheme, host, and a port if it is not the scheme's own.
    ///
    /// # Errors
    ///
    /// If one is not that: whatever else it says would stand in the browser's policy.
    pub fn of(origins: impl IntoIterator<Item = String>) -> Result<Self, NotAnOrigin> {
        let read = |origin: String| if is_origin(&origin) { Ok(origin) } else { Err(NotAnOrigin) };
        origins.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is any.
    #[must_use]
    pub fn are_some(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a page's origin, as a browser says it, is one of them.
    #[must_use]
    pub fn include(&self, origin: &str) -> bool {
        self.0.iter().any(|known| match known.split_once("*.") {
            // Names below it, and not itself, as browsers read it.
            Some((scheme, site)) => {
                let host = origin.strip_prefix(scheme);
                let below = host.and_then(|host| host.strip_suffix(site));
                below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            None => known == origin,
        })
    }

    pub(super) fn policy(&self) -> HeaderValue {
        let sites = if self.0.is_empty() { "'none'".to_owned() } else { self.0.join(" ") };
        // Origins are plain texts, so this is one.
        HeaderValue::from_str(&format!("{POLICY} {sites}"))
            .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
    }
}

/// Names, numbers and dots behind a scheme; a first part may be `*`, as the browser's policy has it.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|digit| digit.is_ascii_digit())
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let host = host.strip_prefix("*.").unwrap_or(host);
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

/// The outermost layer.
pub(super) async fn guard(portal: Portal, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, portal.0.policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The token is in the address.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !portal.0.may_be_framed {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    let isolated = HeaderValue::from_static("same-origin");
    headers.insert("cross-origin-resource-policy", isolated);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_pages_they_include() {
        let known = ["https://app.example.com", "https://*.example.org", "http://localhost:3000"];
        let origins = Origins::of(known.map(str::to_owned)).unwrap();
        let rows = [
            ("https://app.example.com", true),
            ("https://a.example.org", true),
            ("https://a.b.example.org", true),
            ("http://localhost:3000", true),
            ("https://example.org", false),
            ("https://.example.org", false),
            ("https://evilexample.org", false),
            ("http://a.example.org", false),
            ("https://app.example.com.evil.net", false),
            ("https://app.example.com:444", false),
            ("http://localhost", false),
            ("null", false),
            ("", false),
        ];
        for (origin, expected) in rows {
            assert_eq!(origins.include(origin), expected, "{origin}");
        }
    }

    #[test]
    fn origins() {
        let rows = [
            ("https://app.example.com", true),
            ("https://*.example.com", true),
            ("http://localhost:3000", true),
            ("https://app.example.com/", false),
            ("https://app.example.com/page", false),
            ("app.example.com", false),
            ("https://", false),
            ("https://a.example; script-src *", false),
            ("https://a.example https://b.example", false),
            ("https://*", false),
            ("*", false),
            ("https://a.example:", false),
            ("https://a..example", false),
            ("'self'", false),
        ];
        for (text, expected) in rows {
            assert_eq!(Origins::of([text.to_owned()]).is_ok(), expected, "{text}");
        }
    }
}
