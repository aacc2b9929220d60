//! Cookies: read from a request, and set so that no script, no other host and no other site gets them.

use axum::http::{HeaderMap, HeaderValue, header};

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The token of a session.
    Session,
    /// What shows that a form of somebody not signed in came from one of our pages.
    Form,
    /// A sign-in elsewhere that has begun.
    Elsewhere,
}

impl Cookie {
    const fn plain_name(self) -> &'static str {
        match self {
            Self::Session => "scrip-session",
            Self::Form => "scrip-form",
            Self::Elsewhere => "scrip-elsewhere",
        }
    }

    /// Its name. The prefix has browsers refuse it if it is not secure, or if another host sets it.
    fn name(self, is_secure: bool) -> String {
        let prefix = if is_secure { "__Host-" } else { "" };
        format!("{prefix}{}", self.plain_name())
    }

    /// Its value in a request; none if it is there twice.
    pub fn read(self, headers: &HeaderMap, is_secure: bool) -> Option<&str> {
        let name = self.name(is_secure);
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
        let mut values = pairs.filter_map(|pair| {
            let (known, value) = pair.trim().split_once('=')?;
            (known == name).then_some(value)
        });
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() { None } else { value }
    }

    /// Sets it, for so many seconds.
    pub fn set(self, headers: &mut HeaderMap, value: &str, seconds: i64, is_secure: bool) {
        let secure = if is_secure { "; Secure" } else { "" };
        let name = self.name(is_secure);
        let line =
            format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        if let Ok(mut line) = HeaderValue::from_str(&line) {
            line.set_sensitive(true);
            headers.append(header::SET_COOKIE, line);
        }
    }

    /// Takes it away.
    pub fn clear(self, headers: &mut HeaderMap, is_secure: bool) {
        self.set(headers, "", 0, is_secure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read() {
        for (sent, is_secure, read) in [
            ("scrip-session=abc", false, Some("abc")),
            ("a=b; scrip-session=abc; c=d", false, Some("abc")),
            ("__Host-scrip-session=abc", true, Some("abc")),
            // What another host may have set is not read where cookies are secure.
            ("scrip-session=abc", true, None),
            ("__Host-scrip-session=abc", false, None),
            ("scrip-session=", false, None),
            ("scrip-session=abc; scrip-session=def", false, None),
            ("xscrip-session=abc", false, None),
            ("", false, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(sent).unwrap());
            assert_eq!(Cookie::Session.read(&headers, is_secure), read, "{sent}");
        }
    }

    #[test]
    fn cookies_are_for_nobody_else() {
        for (is_secure, line) in [
            (true, "__Host-scrip-form=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=9; Secure"),
            (false, "scrip-form=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=9"),
        ] {
            let mut headers = HeaderMap::new();
            Cookie::Form.set(&mut headers, "v", 9, is_secure);
            assert_eq!(headers[header::SET_COOKIE], line);
        }
    }
}
