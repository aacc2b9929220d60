//! Addresses of e-mail, by which people sign in.

use std::fmt;

/// Characters of an address at most (RFC 5321, 4.5.3.1.3).
const LENGTH_MAX: usize = 254;

/// An address of e-mail in lower case: two that differ in case only are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// A text that is no address of e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 254 bytes")]
pub struct InvalidEmail;

impl Email {
    /// Reads an address: something, an `@`, and a host; no spaces or control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        let is_sound = |part: &str| {
            let is_odd =
                |it: char| it.is_whitespace() || it.is_control() || "<>()[],;:\\\"".contains(it);
            !part.is_empty() && !part.chars().any(is_odd)
        };
        match text.rsplit_once('@') {
            Some((local, host))
                if text.len() <= LENGTH_MAX
                    && is_sound(local)
                    && is_sound(host)
                    && !local.contains('@') =>
            {
                Ok(Self(text))
            }
            _ => Err(InvalidEmail),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
