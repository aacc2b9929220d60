//! Decimal texts that are no amounts of credits: whole numbers, and numbers of any size.

/// A decimal number as `digits × 10^exponent`; the digits begin and end with no zero, and are
/// empty for zero.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Reads a number that is a whole one, however it is written: `5`, `5.0`, `50e-1`.
///
/// What does not fit becomes the largest or smallest value, which no range allows.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let Decimal { negative, digits, exponent } = parse(text)?;
    let Ok(zeros) = usize::try_from(exponent) else {
        return None;
    };
    let magnitude = if digits.len().saturating_add(zeros) > 18 {
        i64::MAX
    } else {
        format!("{digits}{}", "0".repeat(zeros)).parse().unwrap_or(0)
    };
    Some(if negative { magnitude.saturating_neg() } else { magnitude })
}

/// The shortest plain spelling of a number, the same for `1`, `1.0` and `10e-1`; none if the text
/// is no number or the spelling is longer than `length_max`.
pub(crate) fn canonical_number(text: &str, length_max: usize) -> Option<String> {
    let Decimal { negative, digits, exponent } = parse(text)?;
    let sign = if negative && !digits.is_empty() { "-" } else { "" };
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let spelled = match usize::try_from(exponent) {
        Ok(zeros) if zeros <= length_max => format!("{sign}{digits}{}", "0".repeat(zeros)),
        Ok(_) => return None,
        Err(_) => {
            let fraction = usize::try_from(exponent.unsigned_abs()).ok()?;
            if fraction > length_max {
                return None;
            }
            if fraction < digits.len() {
                let (whole, fraction) = digits.split_at(digits.len() - fraction);
                format!("{sign}{whole}.{fraction}")
            } else {
                format!("{sign}0.{}{digits}", "0".repeat(fraction - digits.len()))
            }
        }
    };
    (spelled.len() <= length_max).then_some(spelled)
}

fn parse(text: &str) -> Option<Decimal> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let mut digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let written = digits.len();
    digits.truncate(digits.trim_end_matches('0').len());
    let dropped = i64::try_from(written - digits.len()).ok()?;
    let fraction = i64::try_from(fraction.len()).ok()?;
    let digits = digits.trim_start_matches('0').to_owned();
    let exponent = if digits.is_empty() { 0 } else { exponent - fraction + dropped };
    Some(Decimal { negative, digits, exponent })
}

/// Beyond a billion either way, a number is too large for everything, or no whole one.
fn parse_exponent(text: &str) -> Option<i64> {
    const BOUND: i64 = 1_000_000_000;
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size =
        digits.iter().fold(0_i64, |size, digit| (size * 10 + i64::from(digit - b'0')).min(BOUND));
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        let rows = [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("50e-1", Some(5)),
            ("5e1", Some(50)),
            ("-0", Some(0)),
            ("-7", Some(-7)),
            ("0e999999999999999999999", Some(0)),
            ("1e400", Some(i64::MAX)),
            ("-1e400", Some(-i64::MAX)),
            ("5.5", None),
            ("5.00000000000000000000000000001", None),
            ("", None),
            ("-", None),
            ("5.", None),
            (".5", None),
            ("1e", None),
            ("x", None),
        ];
        for (text, value) in rows {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn one_spelling_for_one_number() {
        let rows = [
            ("1", Some("1")),
            ("1.0", Some("1")),
            ("10e-1", Some("1")),
            ("-0.0", Some("0")),
            ("-1.50", Some("-1.5")),
            ("0.001", Some("0.001")),
            ("1e-9", Some("0.000000001")),
            ("12e3", Some("12000")),
            ("1e11", Some("100000000000")),
            ("1e12", None),
            ("1e-400", None),
            ("1e999999999999", None),
            ("NaN", None),
        ];
        for (text, spelled) in rows {
            assert_eq!(canonical_number(text, 12).as_deref(), spelled, "{text}");
        }
    }
}
