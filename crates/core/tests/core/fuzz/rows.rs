//! Packed rows: what is read packs to the same row, and only what was written is linked.

use std::collections::BTreeMap;

use scrip_core::{
    Actor, Address, Cause, Digest, Dimension, Dimensions, Fingerprint, IdempotencyKey, Mark, Row,
    Texts, UnreadableRow, Words, genesis,
};
use scrip_fuzz::{Examples, target};
use sha2::{Digest as _, Sha256};

use crate::golden::{events, row};
use crate::world::key;

#[test]
fn packed_rows() {
    let previous = genesis(&key());
    let examples: Vec<Vec<u8>> = rows().map(|row| row.pack(previous).unwrap().bytes).collect();
    let known = examples.clone();
    // Numbers that are spelt longer than need be, lengths that lead nowhere.
    let pieces = [&[0x80, 0][..], &[0x81, 0x80, 0], &[0xff; 9], &[0xff; 10], &[1], &[0; 32]];
    target!(Examples::new(examples).with_pieces(pieces), |bytes: &[u8]| {
        let is_known = known.iter().any(|known| known == bytes);
        assert_eq!(Row::unpack_linked(bytes, previous).is_ok(), is_known, "{bytes:02x?}");
        if let Ok((row, hash)) = Row::unpack(bytes) {
            assert_eq!(hash.as_bytes()[..], bytes[bytes.len() - 32..]);
            check_packed_again(&row, bytes);
            check_linked(&row, bytes, previous);
        }
        // The content is read whatever the version and the length say of it.
        let mut mended = bytes.to_vec();
        if mended.len() >= 37 {
            mended[0] = Row::VERSION;
            if let Ok((row, _)) = Row::unpack(&mended) {
                check_packed_again(&row, &mended);
            }
        }
    });
}

/// A sequence of 300 takes two bytes; in three it is the same number, but not the row.
#[test]
fn a_number_that_is_spelt_longer_than_need_be() {
    let previous = genesis(&key());
    let row = rows().find(|row| matches!(row.texts, Texts::Kept { .. })).unwrap();
    let packed = row.pack(previous).unwrap().bytes;
    assert_eq!(packed[5..7], [0xac, 0x02]);
    let mut longer = packed.clone();
    longer.splice(6..7, [0x82, 0x00]);
    longer[1] += 1;
    assert_eq!(Row::unpack_linked(&longer, previous), Err(UnreadableRow::Hash));
    // The words are outside of the content that is hashed; their meaning alone was checked.
    let content_end = 5 + usize::from(packed[1]);
    let name = content_end + 1 + 16 + 1;
    assert_eq!(packed[name..name + 4], *b"\x07Wel");
    let mut longer = packed.clone();
    longer.splice(name..=name, [0x87, 0x00]);
    assert_eq!(Row::unpack_linked(&packed, previous).map(|(read, _)| read), Ok(row));
    assert_eq!(Row::unpack_linked(&longer, previous), Err(UnreadableRow::Content));
}

/// The content, which the hash covers, may spell numbers longer than need be; nothing else may.
fn check_packed_again(row: &Row, bytes: &[u8]) {
    let packed = row.pack(genesis(&key())).unwrap().bytes;
    let (content, texts) = parts(bytes);
    let (content_again, texts_again) = parts(&packed);
    assert_eq!(texts, texts_again, "{row:?}");
    assert!(content == content_again || content.len() > content_again.len(), "{row:?}");
    assert_eq!(Row::unpack(&packed).map(|(read, _)| read).as_ref(), Ok(row));
}

/// Content and texts.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = u32::from_le_bytes(*bytes[1..].first_chunk().unwrap());
    let (content, rest) = bytes[5..].split_at(usize::try_from(length).unwrap());
    (content, &rest[..rest.len() - 32])
}

/// With its own hash the row is linked to the row before, and to no other.
fn check_linked(row: &Row, bytes: &[u8], previous: Digest) {
    let mut sealed = bytes[..bytes.len() - 32].to_vec();
    sealed.extend(hash(row, bytes, previous));
    let hash = Digest::from_bytes(*sealed.last_chunk().unwrap());
    assert_eq!(Row::unpack_linked(&sealed, previous), Ok((row.clone(), hash)));
    let other = Digest::from_bytes([7; 32]);
    assert_eq!(Row::unpack_linked(&sealed, other), Err(UnreadableRow::Hash));
    let rest = row.texts.erased().unwrap();
    let erased = Row { texts: rest, ..row.clone() }.pack(previous).unwrap();
    // A content that nobody would pack so has another hash when it is packed again.
    if parts(&erased.bytes).0 == parts(bytes).0 {
        assert_eq!(erased.hash, hash, "the chain survives an erasure");
    }
}

/// The hash as an auditor computes it: the row before, the content, the digest of the words.
fn hash(row: &Row, bytes: &[u8], previous: Digest) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous.as_bytes());
    hasher.update(&bytes[..5 + parts(bytes).0.len()]);
    match &row.texts {
        Texts::None => {}
        Texts::Erased { digest } => hasher.update(digest.as_bytes()),
        Texts::Kept { salt, words } => {
            let words = postcard::to_stdvec(words).unwrap();
            hasher.update(Sha256::digest([&salt[..], &words].concat()));
        }
    }
    hasher.finalize().into()
}

/// A row of each event, of each cause and actor, with words, without, and with erased ones.
fn rows() -> impl Iterator<Item = Row> {
    let salt = *b"0123456789abcdef";
    let kept = Texts::keep(words(), salt);
    let key = IdempotencyKey::parse("job/1").unwrap();
    let causes = [Cause::Request, Cause::Time, Cause::Follows { sequence: 299 }];
    let actors = [Actor::System, Actor::ApiKey("k".into()), Actor::Person("ann".into())];
    let texts = [Texts::None, kept.erased().unwrap(), kept];
    let marks = [
        None,
        Some(Mark { key: Some(key), fingerprint: Fingerprint::of(&1) }),
        Some(Mark { key: None, fingerprint: Fingerprint::of(&2) }),
    ];
    events().into_iter().enumerate().map(move |(index, event)| Row {
        cause: causes[index % 3].clone(),
        actor: actors[index / 2 % 3].clone(),
        texts: texts[(index + 2) % 3].clone(),
        mark: marks[index / 3 % 3].clone(),
        ..row(event)
    })
}

fn words() -> Words {
    let text = |text: &str| text.to_owned();
    Words {
        display_name: Some(text("Welcome")),
        comment: Some(None),
        metadata: Some(BTreeMap::from([(text("a"), text("1")), (text("b"), text("é"))])),
        dimensions: Dimensions::from([
            ("model", Dimension::Text("large".into())),
            ("size", Dimension::Number("1.5".into())),
            ("beta", Dimension::Flag(true)),
        ]),
        billing_address: Some(Address { city: Some(text("Bern")), ..Address::default() }),
    }
}
