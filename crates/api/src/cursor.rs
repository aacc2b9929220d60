//! Cursors: UUID-shaped, opaque, and bound to their list and its filters (decision 31).
//!
//! The sixteen bytes hold a position (48 bits), a part (18 bits), the version and variant of a
//! UUID (8, "custom"), and 56 bits of a keyed digest over the list, its filters and the rest.

use hmac::{Hmac, KeyInit, Mac};
use scrip_core::EnvironmentId;
use scrip_ledger::Point;
use sha2::Sha256;

use crate::ids::uuid_text;

const POSITION_BITS: u32 = 48;
const PART_BITS: u32 = 18;
const MAC_BYTES: usize = 7;

/// A list with its filters: what a cursor is good for.
pub(crate) struct CursorScope(Hmac<Sha256>);

impl CursorScope {
    /// The cursors of a list.
    pub fn new(secret: &[u8; 32], list: &str, environment: EnvironmentId) -> Self {
        // Keys of every length are taken.
        let mac = Hmac::<Sha256>::new_from_slice(secret);
        let mut scope = Self(mac.unwrap_or_else(|_| Hmac::new(&Default::default())));
        scope.add(list.as_bytes());
        scope.add(&environment.0.to_be_bytes());
        scope
    }

    /// A filter and its value, as the list understands it.
    #[must_use]
    pub fn filter(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.add(name.as_bytes());
            self.add(value.as_bytes());
        }
        self
    }

    /// The cursor of a place.
    pub fn write(&self, point: Point) -> String {
        let payload = pack(point);
        uuid_text(u128::from_be_bytes(payload) | self.mac(&payload))
    }

    /// The place of a cursor of this list; none for anything else.
    pub fn read(&self, text: &str) -> Option<Point> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if lengths != [8, 4, 4, 4, 12] || !text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        {
            return None;
        }
        let bytes = u128::from_str_radix(&groups.concat(), 16).ok()?;
        let mac_mask = (1_u128 << (8 * MAC_BYTES)) - 1;
        let payload = (bytes & !mac_mask).to_be_bytes();
        let point = unpack(payload);
        (pack(point) == payload && self.mac(&payload) == bytes & mac_mask).then_some(point)
    }

    fn add(&mut self, part: &[u8]) {
        self.0.update(&part.len().to_be_bytes());
        self.0.update(part);
    }

    fn mac(&self, payload: &[u8; 16]) -> u128 {
        let mac = self.0.clone().chain_update(payload).finalize().into_bytes();
        mac.iter().take(MAC_BYTES).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
    }
}

/// The bytes without the digest. Positions beyond 2^48 rows and parts beyond 2^18 do not occur.
fn pack(point: Point) -> [u8; 16] {
    let position = u128::from(point.position) & ((1 << POSITION_BITS) - 1);
    let part = u128::from(point.part) & ((1 << PART_BITS) - 1);
    let (part_high, part_low) = (part >> 6, part & 63);
    let bits = (position << 80) | (8 << 76) | (part_high << 64) | (2 << 62) | (part_low << 56);
    bits.to_be_bytes()
}

fn unpack(bytes: [u8; 16]) -> Point {
    let bits = u128::from_be_bytes(bytes);
    let part = (((bits >> 64) & 0xfff) << 6) | ((bits >> 56) & 63);
    Point {
        position: u64::try_from(bits >> 80).unwrap_or(0),
        part: u32::try_from(part).unwrap_or(0),
    }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> CursorScope {
        CursorScope::new(&[7; 32], "rows", EnvironmentId(1)).filter("customerId", Some("c"))
    }

    #[test]
    fn reads_its_own() {
        let last = Point { position: (1 << 48) - 1, part: (1 << 18) - 1 };
        for point in [Point::END, Point { position: 1, part: 64 }, last] {
            let cursor = scope().write(point);
            assert_eq!(scope().read(&cursor), Some(point), "{cursor}");
            assert_eq!(scope().read(&cursor.to_uppercase()), Some(point), "{cursor}");
            assert_eq!((cursor.len(), cursor.as_bytes()[14]), (36, b'8'), "{cursor}");
            assert!(b"89ab".contains(&cursor.as_bytes()[19]), "{cursor}");
        }
    }

    #[test]
    fn refuses_others() {
        let cursor = scope().write(Point { position: 5, part: 0 });
        let secret = CursorScope::new(&[8; 32], "rows", EnvironmentId(1));
        let scopes = [
            secret.filter("customerId", Some("c")),
            CursorScope::new(&[7; 32], "grants", EnvironmentId(1)).filter("customerId", Some("c")),
            CursorScope::new(&[7; 32], "rows", EnvironmentId(2)).filter("customerId", Some("c")),
            CursorScope::new(&[7; 32], "rows", EnvironmentId(1)).filter("customerId", Some("d")),
            CursorScope::new(&[7; 32], "rows", EnvironmentId(1)).filter("currencyId", Some("c")),
            scope().filter("currencyId", Some("d")),
        ];
        for other in scopes {
            assert_eq!(other.read(&cursor), None);
        }
        for index in (0..36).filter(|index| cursor.as_bytes()[*index] != b'-') {
            let mut bytes = cursor.clone().into_bytes();
            bytes[index] = if bytes[index] == b'0' { b'1' } else { b'0' };
            assert_eq!(scope().read(&String::from_utf8(bytes).unwrap()), None, "{index}");
        }
        for text in [
            "",
            "x",
            "0190163d-8694-739b-aea5-966c26f8ad91",
            "+0000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(scope().read(text), None, "{text}");
        }
        assert_eq!(scope().read(&cursor.replace('-', "")), None);
    }
}
