//! Marks against whatever bytes there are.

use scrip_fuzz::{Examples, target};

use super::*;

#[test]
fn marks() {
    let reach = |position| Reach { ledger_id: [7; 16], position, row_hash: [position as u8; 32] };
    let slots = [(1, 5), (2, 9), (3, 9), (u64::MAX, u64::MAX)];
    let slots = slots.map(|(counter, position)| pack(counter, &reach(position)));
    let files = [(0, 1), (1, 0), (1, 2), (3, 2), (0, 0)].map(|(first, second)| {
        let mut bytes = vec![0; FILE_BYTES];
        bytes[..RECORD_BYTES].copy_from_slice(&slots[first]);
        bytes[OFFSETS[1]..][..RECORD_BYTES].copy_from_slice(&slots[second]);
        bytes
    });
    let pieces: Vec<Vec<u8>> = slots.iter().map(|slot| slot.to_vec()).collect();
    target!(Examples::new(files).with_pieces(pieces), |bytes: &[u8]| {
        let found = newest(bytes);
        if let Ok(found) = &found {
            let record = &bytes[OFFSETS[found.slot]..][..RECORD_BYTES];
            assert_eq!(record, pack(found.counter, &found.reach), "what was written is found");
            assert!(slots.iter().any(|slot| slot == record), "nothing else is believed");
        }
        let readable = [0, 1].map(|slot| unpack(bytes, slot).ok());
        for other in readable.into_iter().flatten() {
            let is_passed = found.as_ref().is_ok_and(|found| {
                found.counter < other.counter || found.reach.position < other.reach.position
            });
            assert!(!is_passed, "a newer slot is not passed over");
        }
        check_sealed(bytes);
    });
}

/// With hashes that hold, what is inside is read.
fn check_sealed(bytes: &[u8]) {
    let mut sealed = bytes.to_vec();
    for offset in OFFSETS {
        if let Some(record) = sealed.get_mut(offset..offset + RECORD_BYTES) {
            let hash = Sha256::digest(&record[..CONTENT_BYTES]);
            record[CONTENT_BYTES..].copy_from_slice(&hash);
        }
    }
    if let Ok(found) = newest(&sealed) {
        let record = &sealed[OFFSETS[found.slot]..][..RECORD_BYTES];
        assert_eq!(record, pack(found.counter, &found.reach));
    }
}
