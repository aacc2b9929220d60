//! Which addresses may be told of events: none that points inward, unless its network is allowed.
//!
//! Whoever may name an address that this process connects to could otherwise reach what only this
//! machine's neighbours can: databases, metadata services, routers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::{Authority, Scheme};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The longest URL.
const URL_BYTES_MAX: usize = 2_048;

/// Networks that nobody reaches from everywhere (the special-purpose registries of IANA: RFC 6890
/// and later), and what they are called.
const INWARD_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The same of IPv6. What is not global unicast (`2000::/3`) is refused as a whole.
const INWARD_V6: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Addresses that lead to one of IPv4 within them: NAT64 (RFC 6052), 6to4 (RFC 3056).
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
const SIX_TO_FOUR: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Why a URL cannot be told of events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is none, or none of a server on the web.
    #[error("must be an absolute http or https URL with a host")]
    NotAUrl,
    /// It is too long.
    #[error("must be at most {URL_BYTES_MAX} bytes long")]
    TooLong,
    /// It names a user or a password, which would stand in logs.
    #[error("must not contain a user or a password")]
    Credentials,
    /// It has a part that is never sent.
    #[error("must not contain a fragment (#)")]
    Fragment,
    /// What is sent could be read on the way.
    #[error("must be https; plain http goes only to networks that serve --webhook-allow names")]
    PlainHttp,
    /// It points inward.
    #[error("the address {0} is {1}; serve --webhook-allow names networks that may be told")]
    Inward(IpAddr, &'static str),
}

/// Which addresses may be told of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    allowed: Vec<IpNet>,
}

impl Addresses {
    /// Those that everybody reaches, and those of these networks.
    #[must_use]
    pub const fn with(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Reads a URL and refuses one that may never be told. A name is judged when it is connected to.
    pub fn check_url(&self, url: &str) -> Result<Uri, UrlError> {
        if url.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        if url.contains('#') {
            return Err(UrlError::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| UrlError::NotAUrl)?;
        let authority = uri.authority().ok_or(UrlError::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let is_plain = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => false,
            Some(scheme) if *scheme == Scheme::HTTP => true,
            _ => return Err(UrlError::NotAUrl),
        };
        if !is_host(authority.host()) || !is_port(authority) {
            return Err(UrlError::NotAUrl);
        }
        if is_plain && self.allowed.is_empty() {
            return Err(UrlError::PlainHttp);
        }
        if let Some(address) = literal(&uri) {
            self.check(address, is_plain)?;
        }
        Ok(uri)
    }

    /// Refuses an address that is about to be connected to.
    pub fn check(&self, address: IpAddr, is_plain: bool) -> Result<(), UrlError> {
        if self.allowed.iter().any(|network| network.contains(&address.to_canonical())) {
            return Ok(());
        }
        if let Some(what) = inward(address) {
            return Err(UrlError::Inward(address, what));
        }
        if is_plain { Err(UrlError::PlainHttp) } else { Ok(()) }
    }
}

/// A name, or an address in brackets that is one of IPv6.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|it| it.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && !host.contains(['[', ']']),
    }
}

/// No port, or one that can be connected to.
fn is_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    match port.strip_prefix(':') {
        Some(digits) => {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain && digits.parse::<u16>().is_ok_and(|port| port > 0)
        }
        None => port.is_empty(),
    }
}

/// The address that a URL names in digits, if it does.
pub(super) fn literal(uri: &Uri) -> Option<IpAddr> {
    let host = uri.host()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// What kind of address it is that not everybody reaches; none for all others.
fn inward(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => inward_v4(address),
        IpAddr::V6(address) => {
            let in_v6 = |(network, length)| {
                Ipv6Net::new(network, length).is_ok_and(|network| network.contains(&address))
            };
            let known = INWARD_V6.iter().find(|(network, length, _)| in_v6((*network, *length)));
            if let Some((_, _, what)) = known {
                return Some(what);
            }
            let octets = address.octets();
            let v4_at = |index: usize| {
                let bytes: [u8; 4] = octets.get(index..index + 4)?.try_into().ok()?;
                inward_v4(Ipv4Addr::from(bytes))
            };
            if in_v6(NAT64) {
                return v4_at(12);
            }
            if in_v6(SIX_TO_FOUR) {
                return v4_at(2);
            }
            (!in_v6(GLOBAL_V6)).then_some("not global")
        }
    }
}

fn inward_v4(address: Ipv4Addr) -> Option<&'static str> {
    let known = INWARD_V4.iter().find(|(network, length, _)| {
        Ipv4Net::new(*network, *length).is_ok_and(|network| network.contains(&address))
    });
    known.map(|(_, _, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inward_addresses() {
        for (address, expected) in [
            ("127.0.0.1", Some("loopback")),
            ("127.8.9.10", Some("loopback")),
            ("10.1.2.3", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.1", None),
            ("192.168.1.1", Some("private")),
            ("169.254.169.254", Some("link-local")),
            ("100.64.0.1", Some("shared by a carrier")),
            ("100.128.0.1", None),
            ("0.0.0.0", Some("of this network")),
            ("255.255.255.255", Some("reserved")),
            ("224.0.0.1", Some("multicast")),
            ("1.1.1.1", None),
            ("93.184.216.34", None),
            ("::", Some("not global")),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:1.1.1.1", None),
            ("::127.0.0.1", Some("not global")),
            ("fe80::1", Some("link-local")),
            ("fd00:ec2::254", Some("private")),
            ("ff02::1", Some("multicast")),
            ("64:ff9b::7f00:1", Some("loopback")),
            ("64:ff9b::101:101", None),
            ("2002:a00:1::", Some("private")),
            ("2001:db8::1", Some("for documentation")),
            ("2606:4700:4700::1111", None),
        ] {
            assert_eq!(inward(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn urls() {
        let closed = Addresses::default();
        let open = Addresses::with(vec!["127.0.0.0/8".parse().unwrap()]);
        let loopback = |what: &str| UrlError::Inward(what.parse().unwrap(), "loopback");
        for (url, by_default, with_loopback) in [
            ("https://example.com/hook?a=b", Ok(()), Ok(())),
            ("https://example.com", Ok(()), Ok(())),
            ("http://example.com", Err(UrlError::PlainHttp), Ok(())),
            ("https://127.0.0.1:8/x", Err(loopback("127.0.0.1")), Ok(())),
            ("http://127.0.0.1:8/x", Err(UrlError::PlainHttp), Ok(())),
            ("https://[::1]/", Err(loopback("::1")), Err(loopback("::1"))),
            ("http://1.1.1.1/", Err(UrlError::PlainHttp), Err(UrlError::PlainHttp)),
            ("https://a:b@example.com/", Err(UrlError::Credentials), Err(UrlError::Credentials)),
            ("https://example.com/#x", Err(UrlError::Fragment), Err(UrlError::Fragment)),
            ("ftp://example.com/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("example.com/hook", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https:///hook", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://example.com:443/", Ok(()), Ok(())),
            ("https://example.com:99999/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://example.com:0/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://example.com:x/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://example.com:-1/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://example.com:/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://[]/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://[1.1.1.1]/", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("https://[2606:4700::1111]:8443/", Ok(()), Ok(())),
            ("/hook", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
            ("", Err(UrlError::NotAUrl), Err(UrlError::NotAUrl)),
        ] {
            assert_eq!(closed.check_url(url).map(drop), by_default, "{url}");
            assert_eq!(open.check_url(url).map(drop), with_loopback, "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(2_048));
        assert_eq!(closed.check_url(&long).map(drop), Err(UrlError::TooLong));
    }

    #[test]
    fn digits_that_other_readers_take_for_addresses_are_names_here() {
        for url in ["https://0x7f000001/", "https://2130706433/", "https://127.1/"] {
            assert_eq!(literal(&url.parse().unwrap()), None, "{url}");
        }
    }
}
