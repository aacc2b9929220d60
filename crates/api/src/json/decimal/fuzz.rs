//! Numbers that are no amounts, read a second time by moving the point in a text of digits.

use scrip_fuzz::{Examples, target};

use super::*;

#[test]
fn numbers() {
    let long = "7".repeat(255);
    let texts = [
        "5",
        "5.0",
        "50e-1",
        "-0",
        "0e999999999999999999999",
        "1e400",
        "5.5",
        "-1.50",
        "1e-9",
        "1e11",
        "0.001",
        "9223372036854775807",
        "999999999999999999.0",
        "1e999999999999",
        &long,
    ];
    let pieces =
        ["0", "00000000", "9", "-", "+", ".", "e", "E-", "e+18", "e-255", "e255", " ", "_", "NaN"];
    target!(Examples::new(texts).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let plain = plain(text);
        assert_eq!(integer(text), plain.as_ref().and_then(as_integer), "{text:?}");
        for length_max in [1, 12, 255] {
            let spelled = plain.as_ref().and_then(as_text).filter(|text| text.len() <= length_max);
            assert_eq!(canonical_number(text, length_max), spelled, "{text:?} in {length_max}");
            if let Some(spelled) = spelled {
                assert_eq!(canonical_number(&spelled, length_max).as_ref(), Some(&spelled));
            }
        }
    });
}

/// A number written out.
enum Plain {
    Digits {
        sign: &'static str,
        whole: String,
        fraction: String,
    },
    /// Too long to write out.
    Huge {
        sign: &'static str,
    },
    Tiny,
}

fn as_integer(plain: &Plain) -> Option<i64> {
    let negated = |sign: &str, size: i64| if sign.is_empty() { size } else { -size };
    match plain {
        Plain::Digits { sign, whole, fraction } if fraction.is_empty() => {
            let size = if whole.len() > 18 { i64::MAX } else { whole.parse().unwrap() };
            Some(negated(sign, size))
        }
        Plain::Huge { sign } => Some(negated(sign, i64::MAX)),
        Plain::Digits { .. } | Plain::Tiny => None,
    }
}

fn as_text(plain: &Plain) -> Option<String> {
    match plain {
        Plain::Digits { sign, whole, fraction } if fraction.is_empty() => {
            Some(format!("{sign}{whole}"))
        }
        Plain::Digits { sign, whole, fraction } => Some(format!("{sign}{whole}.{fraction}")),
        Plain::Huge { .. } | Plain::Tiny => None,
    }
}

fn plain(text: &str) -> Option<Plain> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at(end);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = mantissa.split('.').collect();
    if parts.len() > 2 || !parts.iter().all(|part| is_number(part)) {
        return None;
    }
    let exponent = match exponent.get(1..) {
        None => 0,
        Some(exponent) => {
            let size = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !is_number(size) {
                return None;
            }
            let size = size.parse().unwrap_or(i64::MAX).min(1_000_000);
            if exponent.starts_with('-') { -size } else { size }
        }
    };
    let digits = parts.concat();
    if digits.bytes().all(|digit| digit == b'0') {
        return Some(Plain::Digits { sign: "", whole: "0".to_owned(), fraction: String::new() });
    }
    let sign = if unsigned.len() < text.len() { "-" } else { "" };
    const ROOM: usize = 700;
    let Ok(point) = usize::try_from(i64::try_from(parts[0].len() + ROOM).unwrap() + exponent)
    else {
        return Some(Plain::Tiny);
    };
    let room = "0".repeat(ROOM);
    let padded = format!("{room}{digits}{room}");
    if point > padded.len() {
        return Some(Plain::Huge { sign });
    }
    let (whole, fraction) = padded.split_at(point);
    let whole = Some(whole.trim_start_matches('0')).filter(|w| !w.is_empty()).unwrap_or("0");
    let fraction = fraction.trim_end_matches('0').to_owned();
    Some(Plain::Digits { sign, whole: whole.to_owned(), fraction })
}
