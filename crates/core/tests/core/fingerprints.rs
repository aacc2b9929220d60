//! A key belongs to one request: equal for equal meaning, different when any part differs. Names of
//! different kinds, wallets or spellings never meet.

use std::collections::BTreeSet;

use scrip_core::{
    Consume, CurrencyId, CustomerId, Dimension, Dimensions, NameHash, NameKind, OnInsufficient,
    ResourceId, WalletKey, genesis,
};

use crate::world::{credits, instant, key, new_consumption};

fn dimensions(entries: &[(&str, Dimension)]) -> Dimensions {
    entries.iter().cloned().collect()
}

fn text(value: &str) -> Dimension {
    Dimension::Text(value.into())
}

fn number(value: &str) -> Dimension {
    Dimension::Number(value.into())
}

#[test]
fn equal_meaning_has_one_fingerprint() {
    let base = Consume {
        dimensions: dimensions(&[("model", text("gpt")), ("user", text("u1"))]),
        created_at: Some(instant("2026-01-01T00:00:00Z")),
        ..new_consumption("key", credits("1.5"))
    };
    let reordered = Consume {
        dimensions: dimensions(&[("user", text("u1")), ("model", text("gpt"))]),
        ..base.clone()
    };
    let respelled = Consume {
        amount: credits("15e-1"),
        created_at: Some(instant("2026-01-01T02:00:00+02:00")),
        ..base.clone()
    };
    let rounded = Consume { amount: credits("1.5000000004"), ..base.clone() };
    for same in [reordered, respelled, rounded] {
        assert_eq!(same.fingerprint(), base.fingerprint(), "{same:?}");
    }
}

#[test]
fn every_part_counts() {
    let base = new_consumption("key", credits("1"));
    let with =
        |entries: &[(&str, Dimension)]| Consume { dimensions: dimensions(entries), ..base.clone() };
    let requests = [
        base.clone(),
        Consume { amount: credits("1.000000001"), ..base.clone() },
        Consume { amount: credits("-1"), ..base.clone() },
        Consume { created_at: Some(instant("2026-01-01")), ..base.clone() },
        Consume { created_at: Some(instant("2026-01-01T00:00:00.001Z")), ..base.clone() },
        Consume { on_insufficient: OnInsufficient::Reject, ..base.clone() },
        with(&[("a", text("1"))]),
        with(&[("a", number("1"))]),
        with(&[("a", text("true"))]),
        with(&[("a", Dimension::Flag(true))]),
        with(&[("a", Dimension::Flag(false))]),
        with(&[("b", text("1"))]),
        with(&[("a", text("")), ("b", text("1"))]),
        with(&[("a", text("b")), ("1", text(""))]),
        with(&[("a", text("1")), ("b", text("1"))]),
    ];
    let distinct: BTreeSet<_> =
        requests.iter().map(|request| format!("{:?}", request.fingerprint())).collect();
    assert_eq!(distinct.len(), requests.len());
}

#[test]
fn names_of_different_kinds_and_wallets_never_meet() {
    let own = key();
    let scoped = WalletKey { resource: Some(ResourceId::parse("site").unwrap()), ..own.clone() };
    let renamed = WalletKey { customer: CustomerId::parse("acmet").unwrap(), ..own.clone() };
    let respelled = WalletKey {
        customer: CustomerId::parse("acmet").unwrap(),
        currency: CurrencyId::parse("okens").unwrap(),
        ..own.clone()
    };
    let mut elsewhere = own.clone();
    elsewhere.environment.0 = 2;
    let wallets = [own, scoped, renamed, respelled, elsewhere];
    let kinds = [NameKind::Consumption, NameKind::Refund, NameKind::Reservation];
    let mut hashes = BTreeSet::new();
    for wallet in &wallets {
        for kind in kinds {
            for name in ["a", "b", "ab"] {
                let hash = NameHash::of(wallet, kind, name);
                assert_eq!(hash, NameHash::within(&genesis(wallet), kind, name));
                hashes.insert(hash);
            }
        }
    }
    assert_eq!(hashes.len(), wallets.len() * kinds.len() * 3);
}
