//! Instants and identifiers: what is read is written as it was, or means the same.

use scrip_core::{
    CurrencyId, CustomerId, GrantId, IdempotencyKey, MoneyCurrency, ReservationId, ResourceId,
    Timestamp,
};
use scrip_fuzz::{Examples, target};

#[test]
fn instants() {
    let texts = [
        "2026-01-02T03:04:05.678Z",
        "2026-01-02",
        "1969-12-31T23:59:59.9999Z",
        "2026-01-02T05:04:05+02:00",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "20260102T030405Z",
        "2026-01-02t03:04:05z",
        "2026-01-02 03:04:05-23:59:59",
    ];
    let pieces = [
        "Z",
        "+",
        "-",
        ":",
        "T",
        ".",
        ",",
        "00",
        "99",
        "60",
        "24",
        "-02-30",
        "[UTC]",
        "[u-ca=x]",
        "-000000",
        "+010000",
        "\u{2212}",
        ".9999999999",
        "+25:59",
        "0000",
    ];
    target!(Examples::new(texts).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(at) = Timestamp::parse(text) {
            let printed = at.to_string();
            assert_eq!(Timestamp::parse(&printed), Ok(at), "{text:?} as {printed}");
            assert_eq!(Timestamp::from_milliseconds(at.milliseconds()), Ok(at), "{text:?}");
            assert!(at.a_year_later() > at, "{text:?}");
            // Digits beyond the millisecond are cut.
            let cut = cut(text);
            assert_eq!(Timestamp::parse(&cut), Ok(at), "{text:?} as {cut}");
        }
        if let Some(milliseconds) = bytes.first_chunk() {
            let at = Timestamp::from_milliseconds(i64::from_le_bytes(*milliseconds));
            if let Ok(at) = at {
                assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
            }
        }
    });
}

/// The text with three digits of a fraction at most.
fn cut(text: &str) -> String {
    let Some(point) = text.find(['.', ',']) else { return text.to_owned() };
    let (before, fraction) = text.split_at(point + 1);
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = fraction.len() - rest.len();
    format!("{before}{}{rest}", &fraction[..digits.min(3)])
}

#[test]
fn identifiers() {
    let long = "x".repeat(255);
    let texts =
        ["acme", "a_b|c.d@e-f", "cred-grant-0123456789ab", "cred-grant-zzzzzzzzzzzz", "usd", &long];
    let pieces =
        ["-", "cred-grant-", "é", "\0", "\u{7f}", "\u{85}", "_", "@", "|", " ", "xxxxxxxxxxxx"];
    target!(Examples::new(texts).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Some(id) = GrantId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
        if let Some(currency) = MoneyCurrency::parse(text) {
            assert_eq!(currency.as_str(), text);
        }
        let slugs = [
            CustomerId::parse(text).map(|id| id.to_string()),
            ResourceId::parse(text).map(|id| id.to_string()),
            CurrencyId::parse(text).map(|id| id.to_string()),
        ];
        let loose = [
            ReservationId::parse(text).map(|id| id.to_string()),
            IdempotencyKey::parse(text).map(|id| id.to_string()),
        ];
        for read in slugs.iter().chain(&loose).flatten() {
            assert_eq!(read, text);
            assert!((1..=255).contains(&text.chars().count()), "{text:?}");
        }
        // Packed keys end an identifier with a zero byte.
        assert!(!slugs.iter().any(Result::is_ok) || !text.contains('\0'), "{text:?}");
    });
}
