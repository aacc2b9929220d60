//! Amounts, read a second time by moving the point in a text of digits.

use scrip_core::{AmountError, Credits, MoneyAmount};
use scrip_fuzz::{Examples, target};

#[test]
fn amounts() {
    target!(examples(), |bytes: &[u8]| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            check_text(text);
        }
        if let Some(billionths) = bytes.first_chunk() {
            check_printed(Credits::from_billionths(i128::from_le_bytes(*billionths)));
        }
    });
}

fn examples() -> Examples {
    let long = format!("0.{}1e320", "0".repeat(300));
    let texts = [
        "0",
        "-0",
        "1000",
        "0.1",
        "1e3",
        "1E+3",
        "25e-1",
        "0.0000000005",
        "-0.00000000049999",
        "999999999.9999999995",
        "1e-400",
        "0e99999999999999999999",
        "-12.000000001",
        "9999999999999999999.9999999999",
        "10000000000000000000",
        "1000000000000000.000000001",
        "123456789012345678901234567890e-20",
        "1e-9",
        "5e-10",
        "4e-10",
        &long,
    ];
    let pieces = [
        "0",
        "00000",
        "9",
        "99999999",
        "5",
        "4",
        ".",
        "-",
        "+",
        "e",
        "E-",
        "e+9",
        "e-9",
        "e18",
        "e-10",
        "e99999999999",
        "e-99999999999",
        "e100000000",
        " ",
        "_",
        "\u{661}",
        "\0",
        "NaN",
    ];
    Examples::new(texts).with_pieces(pieces)
}

fn check_text(text: &str) {
    let read = Credits::parse(text);
    assert_eq!(read.map(|amount| amount.to_string()), read_by_text(text), "{text:?}");
    let of_money = match read {
        Ok(amount) if amount.is_negative() => Err(AmountError::Malformed),
        read => read,
    };
    let money = MoneyAmount::parse(text).map(|amount| amount.to_string());
    assert_eq!(money, of_money.map(|amount| amount.to_string()), "money {text:?}");
    if let Ok(amount) = read {
        check_printed(amount);
    }
}

/// What is printed is the amount, and there is no shorter way to say it with a point.
fn check_printed(amount: Credits) {
    let printed = amount.to_string();
    let read = Credits::parse(&printed);
    let bound = 10_u128.pow(28);
    if amount.billionths().unsigned_abs() < bound {
        assert_eq!(read, Ok(amount), "{printed}");
    } else {
        assert!(read.is_err() || amount.billionths().unsigned_abs() == bound, "{printed}");
    }
    assert!(!printed.contains('.') || !printed.ends_with(['0', '.']), "{printed}");
    assert!(!printed.starts_with("-0") || amount.is_negative(), "{printed}");
}

/// A decimal number as its shortest text with at most nine digits behind the point, rounded half
/// away from zero.
fn read_by_text(text: &str) -> Result<String, AmountError> {
    let (sign, mantissa, exponent) = split(text).ok_or(AmountError::Malformed)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.bytes().take_while(|digit| *digit == b'0').count();
    let digits = &digits[zeros..];
    if digits.is_empty() {
        return Ok("0".to_owned());
    }
    // Where the point stands, counted in digits from the first that is not zero.
    let point = i64::try_from(whole.len()).unwrap() - i64::try_from(zeros).unwrap() + exponent;
    if point > 19 {
        return Err(AmountError::TooLarge);
    }
    if point < -9 {
        return Ok("0".to_owned());
    }
    // Ten digits of a whole part at least, so that the point is inside; then ten of a fraction.
    let padded = format!("{}{digits}{}", "0".repeat(10), "0".repeat(40));
    let at = usize::try_from(point + 10).unwrap();
    let (whole, fraction) = padded.split_at(at);
    let mut kept: Vec<u8> = [b"0", whole.as_bytes(), &fraction.as_bytes()[..9]].concat();
    if fraction.as_bytes()[9] >= b'5' {
        // The leading zero takes the last carry.
        for digit in kept.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
    }
    let kept = String::from_utf8(kept).unwrap();
    let (whole, fraction) = kept.split_at(kept.len() - 9);
    let whole = Some(whole.trim_start_matches('0')).filter(|w| !w.is_empty()).unwrap_or("0");
    Ok(match (whole, fraction.trim_end_matches('0')) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

/// Sign, digits with a point, exponent; an exponent that says nothing more is a billion.
fn split(text: &str) -> Option<(&str, &str, i64)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let sign = &text[..text.len() - unsigned.len()];
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at(end);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = mantissa.split('.').collect();
    if parts.len() > 2 || !parts.iter().all(|part| is_number(part)) {
        return None;
    }
    if exponent.is_empty() {
        return Some((sign, mantissa, 0));
    }
    let size = exponent[1..].strip_prefix(['+', '-']).unwrap_or(&exponent[1..]);
    if !is_number(size) {
        return None;
    }
    let value = size.parse().unwrap_or(1_000_000_000_i64).min(1_000_000_000);
    Some((sign, mantissa, if exponent[1..].starts_with('-') { -value } else { value }))
}
