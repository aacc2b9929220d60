//! Packed wallets and their keys against whatever bytes there are.

use scrip_fuzz::{Examples, target};

use super::*;
use crate::history::tests::story::{
    Story, Written, consume, grant, instant, key, release, reserve,
};

#[test]
fn packed_keys() {
    let examples = [key("gold", None), key("gold.b", Some("r")), key("g", Some("a|b-c"))];
    let examples = Examples::new(examples.iter().map(pack_key));
    let pieces = ["\0", "\0\0", "ann\0", "@", "|", "\u{e9}", " "];
    target!(examples.with_pieces(pieces), |bytes: &[u8]| {
        if let Some(key) = unpack_key(bytes) {
            assert_eq!(pack_key(&key), bytes);
            assert!(bytes.starts_with(&customer_prefix(key.environment, &key.customer)));
        }
    });
}

#[test]
fn packed_wallets() {
    let slots = slots();
    let keys: Vec<_> = slots.iter().map(|slot| pack_key(slot.wallet.key())).collect();
    let packed = slots.iter().zip(&keys).map(|(slot, key)| pack(key, slot).unwrap());
    let known: Vec<_> = packed.collect();
    let pieces = [&[0x80, 0][..], &[0xff; 9], &[0xff; 10], &[0; 16], &[2, 2], &[1]];
    target!(Examples::new(known.clone()).with_pieces(pieces), |bytes: &[u8]| {
        for (key, known) in keys.iter().zip(&known) {
            assert_eq!(unpack(key, bytes).is_some(), bytes == known, "{bytes:02x?}");
            // With a checksum that holds, what is inside is read.
            let mut sealed = bytes[..bytes.len().saturating_sub(CHECKSUM)].to_vec();
            sealed.extend(checksum(key, &sealed));
            if let Some(slot) = unpack(key, &sealed) {
                check_sealed(key, &slot);
            }
        }
    });
}

#[test]
fn a_wallet_that_something_follows_is_none() {
    for slot in slots() {
        let key = pack_key(slot.wallet.key());
        let packed = pack(&key, &slot).unwrap();
        let mut longer = packed[..packed.len() - CHECKSUM].to_vec();
        longer.push(0);
        longer.extend(checksum(&key, &longer));
        assert_eq!((unpack(&key, &packed), unpack(&key, &longer)), (Some(slot), None));
    }
}

/// It says the same when it is packed again, and whoever asks it anything gets an answer.
fn check_sealed(key: &[u8], slot: &Slot) {
    let again = pack(key, slot).unwrap();
    assert_eq!(unpack(key, &again).as_ref(), Some(slot));
    let wallet = &slot.wallet;
    let _ = (wallet.check(), wallet.balance(), wallet.next_due(), slot.bytes());
    let _ = wallet.advanced(instant(4_000_000_000_000));
}

/// A wallet without rows, one with a few, and one with many grants, holds and an overdraft.
fn slots() -> Vec<Slot> {
    let mut few = Story::new(3, key("gold", Some("r")));
    let mut last = 0;
    let mut run = |story: &mut Story, command, at| {
        last += story.run(&command, at, last).iter().map(|_: &Written| 1).sum::<u64>();
    };
    run(&mut few, grant(1, 100, Some(instant(9_000_000))), 1_000);
    run(&mut few, consume(1, 30), 2_000);
    let mut many = Story::new(4, key("silver", None));
    for n in 1..=40 {
        let expire_at = (n % 3 == 0).then(|| instant(10_000_000));
        run(&mut many, grant(n, 10, expire_at), 1_000);
    }
    for n in 1..=5 {
        run(&mut many, reserve(n, 25, instant(5_000_000)), 2_000);
    }
    run(&mut many, release(2, 7), 3_000);
    let mut overdrawn = Story::new(5, key("bronze", None));
    run(&mut overdrawn, grant(99, 5, None), 1_000);
    run(&mut overdrawn, consume(2, 30), 2_000);
    let never = Slot::new(key("gold", None));
    vec![never, few.slot, many.slot, overdrawn.slot]
}
