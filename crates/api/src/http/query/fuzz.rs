//! Queries against whatever texts there are.

use scrip_fuzz::{Examples, target};

use super::*;

#[test]
fn queries() {
    let examples = ["a=1&b=x%2Cy,z&b=w&c&d=a+b&&e=%7C", "createdAt%5Bgte%5D=2026-01-01&limit=5"];
    let pieces = ["&", "=", "%", "+", "%00", "%FF", "%c3%a9", ",", "%2", "%25", "a=", "\u{e9}"];
    target!(Examples::new(examples).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let read: Option<Vec<_>> =
            pairs.map(|(name, value)| Some((decoded(name)?, decoded(value)?))).collect();
        let query = Query::parse(Some(text));
        assert_eq!(query.as_ref().ok().map(|query| &query.0), read.as_ref(), "{text:?}");
        let Ok(query) = query else { return };
        // Every byte encoded, it is the same query.
        let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let pairs = query.0.iter().map(|(name, value)| {
            // An empty pair would be no pair.
            format!("{}={}", encoded(name), encoded(value))
        });
        let again = Query::parse(Some(&pairs.collect::<Vec<_>>().join("&"))).unwrap();
        assert_eq!(again.0, query.0);
        for (name, value) in &query.0 {
            assert!(query.has(name));
            assert_eq!(query.list(name).collect::<Vec<_>>(), again.list(name).collect::<Vec<_>>());
            let is_one = query.all(name).count() == 1;
            match query.one(name) {
                Ok(one) => assert!(is_one && one == Some(value)),
                Err(error) => assert!(!is_one && error.message().contains("must be given once")),
            }
        }
    });
}

/// None: it is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        let code = behind.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        rest = behind;
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(u8::from_str_radix(code, 16).unwrap());
                rest = &behind[2..];
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    String::from_utf8(out).ok()
}
