//! Which URLs an issuer may have.

use http::Uri;

/// Whether what is asked there cannot be read or changed on the way: it is `https`, or it does not
/// leave this machine.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return false };
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if has_user {
        return false;
    }
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback(host),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn what_is_asked_cannot_be_read_on_the_way() {
        for (url, safe) in [
            ("https://login.example.com", true),
            ("https://login.example.com/tenant/v2.0", true),
            ("http://127.0.0.1:8080/realm", true),
            ("http://localhost:8080", true),
            ("http://[::1]:8080", true),
            ("http://login.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://user@login.example.com", false),
            ("ftp://login.example.com", false),
            ("login.example.com", false),
            ("/keys", false),
            ("", false),
        ] {
            assert_eq!(is_safe(url), safe, "{url}");
        }
    }
}
