//! Two names with one hash, which nobody can bring about: here they are forged.

use std::sync::Arc;

use scrip_core::{Entity, NameHash, NameKind, Refusal, WalletKey};

use super::Memory;
use crate::conformance::{Given, Made, Making, World, item, release_of, reserve_of, wallet};
use crate::slot::Position;
use crate::{Answer, Work};

async fn world() -> (World, Arc<Memory>) {
    let memory = Arc::new(Memory::new());
    let ledger = Arc::clone(&memory);
    let make = move |_: Given| -> Making {
        let ledger = Arc::clone(&ledger);
        Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(()) } })
    };
    let world = World::new(&make).await;
    (world, memory)
}

/// Where the row of a name is.
fn position(memory: &Memory, wallet: &WalletKey, kind: NameKind, name: &str) -> Option<Position> {
    memory.kept().newest_of(NameHash::of(wallet, kind, name))
}

/// Lets a name lead to a row of another.
fn forge(memory: &Memory, wallet: &WalletKey, kind: NameKind, name: &str, to: Position) {
    memory.kept().names.insert(NameHash::of(wallet, kind, name), to);
}

#[tokio::test]
async fn a_hash_alone_finds_no_reservation() {
    let (world, memory) = world().await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/gold"));
    for (key, name) in [(&ann, "other"), (&bob, "job")] {
        world.grant(key, "main", "10").await;
        world.done(Work::Reserve(Box::new(reserve_of(key, name, "1")))).await;
        let other = position(&memory, key, NameKind::Reservation, name).unwrap();
        forge(&memory, &ann, NameKind::Reservation, "job", other);
        let release = Work::Release(Box::new(release_of(&ann, "job", "1")));
        let unknown = Refusal::not_found(Entity::Reservation, "job");
        assert_eq!(world.refused(release).await, unknown, "it is {name}");
    }
    match world.done(Work::Reserve(Box::new(reserve_of(&ann, "job", "2")))).await {
        Answer::Reserved(reserved) => assert!(reserved.is_open),
        other => panic!("not reserved: {other:?}"),
    }
    assert_eq!(world.available(&ann).await, "7");
}

#[tokio::test]
async fn a_hash_alone_finds_no_consumption() {
    let (world, memory) = world().await;
    let ann = wallet("ann/gold");
    world.consume(&ann, "other", "1").await;
    let other = position(&memory, &ann, NameKind::Consumption, "other").unwrap();
    forge(&memory, &ann, NameKind::Consumption, "key", other);
    world.consume(&ann, "key", "1").await;
    world.done(Work::Consume(Box::new(item(&ann, "key", "1")))).await;
    assert_eq!(world.available(&ann).await, "-2", "the repeat is one");
}
