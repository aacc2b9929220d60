//! Bytes as text, for hashes and keys.

/// So many bytes, of two lower-case hexadecimal digits each.
#[must_use]
pub fn from_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; BYTES];
    let pairs = text.as_bytes().chunks(2);
    if text.len() != BYTES * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair else { return None };
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_read_back() {
        let bytes = [0, 1, 0x7f, 0xff];
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        for bad in ["", "0", "0001", "00017fFF", "00017fg0", "00017fff00"] {
            assert_eq!(from_hex::<4>(bad), None, "{bad}");
        }
    }
}
