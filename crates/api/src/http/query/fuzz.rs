//! Queries against whatever texts there are.

use scrip_fuzz::{Examples, target};

use super::*;

#[test]
fn queries() {
    let examples = ["a=1&b=x%2Cy,z&b=w&c&d=a+b&&e=%7C", "createdAt%5Bgte%5D=2026-01-01&limit=5"];
    let pieces = ["&", "=", "%", "+", "%00", "%FF", "%c3%a9", ",", "%2", "%25", "a=", "\u{e9}"];
    target!(Examples::new(examples).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(query) = Query::parse(Some(text)) else {
            assert!(text.contains('%'), "only encoded bytes can be no UTF-8: {text:?}");
            return;
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        assert_eq!(query.0.len(), pairs.count());
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
