//! Cursors against whatever texts there are.

use scrip_fuzz::{Examples, target};

use super::*;

#[test]
fn cursors() {
    let scope = CursorScope::new(&[7; 32], "rows", EnvironmentId(1));
    let last = Point { position: (1 << 48) - 1, part: (1 << 18) - 1 };
    let points = [Point::END, Point { position: 1, part: 64 }, last];
    let known = points.map(|point| scope.write(point));
    let pieces = ["-", "0", "f", "F", "G", "+", "8", "00000000-0000-8000-8000-", "\u{e9}", "--"];
    target!(Examples::new(known.clone()).with_pieces(pieces), |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Some(point) = scope.read(text) {
            assert_eq!(scope.write(point), text.to_ascii_lowercase());
            assert!(points.contains(&point), "{text} was not given out");
        }
        if let Some(bytes) = bytes.first_chunk::<12>() {
            let number = u64::from_le_bytes(*bytes.first_chunk().unwrap());
            let part = u32::from_le_bytes(*bytes.last_chunk().unwrap());
            let point = Point { position: number >> 16, part: part >> 14 };
            assert_eq!(scope.read(&scope.write(point)), Some(point));
        }
    });
}
