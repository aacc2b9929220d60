//! What a currency says of consumptions that are short and do not say themselves (decision 72).

use scrip_core::{OnInsufficient, Refusal, WalletKey};

use super::currencies;
use super::world::{body, credits, wallet};
use super::{Factory, SANDBOX, World, item};
use crate::{
    Answer, OVERDRAFT_ALLOW, OVERDRAFT_DENY, OVERDRAFT_MEMBER, RecordKind, RecordPatch, Rejected,
    WalletConsume, Work,
};

/// A currency that denies overdrafts refuses what is short, alone and in a batch, and nothing
/// changes; what the request itself says counts more.
pub async fn hold_where_the_request_does_not_say(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    say(&world, Some(OVERDRAFT_DENY)).await;
    assert_eq!(refused(&world, unsaid(&wallet, "k", "11")).await, short("11", "10"));
    burn(&world, unsaid(&wallet, "k", "4")).await;
    let items = vec![
        unsaid(&wallet, "a", "5"),
        unsaid(&wallet, "b", "2"),
        said(&wallet, "c", "3", OnInsufficient::Overdraft),
        said(&wallet, "d", "1", OnInsufficient::Reject),
    ];
    let rejected = [(1, short("2", "1")), (3, short("1", "-2"))]
        .map(|(index, refusal)| Rejected { index, refusal });
    match world.execute(SANDBOX, Work::ConsumeBatch(items)).await.unwrap() {
        Answer::Batch(told) => assert_eq!(told, rejected),
        other => panic!("no batch: {other:?}"),
    }
    assert_eq!(world.available(&wallet).await, "-2");
    let rows = world.story(&wallet).await.len();
    assert_eq!(refused(&world, unsaid(&wallet, "e", "1")).await, short("1", "-2"));
    assert_eq!(world.story(&wallet).await.len(), rows, "a refusal leaves nothing");
    assert_eq!(
        refused(&world, unsaid(&super::wallet("bob/gold"), "k", "1")).await,
        short("1", "0")
    );
    burn(&world, unsaid(&super::wallet("ann/silver"), "k", "1")).await;
}

/// A change of the currency holds for the very next order; a new currency of the same identifier
/// begins anew.
pub async fn change_at_once(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let mut number = 0;
    let mut next = || {
        number += 1;
        unsaid(&wallet, &format!("k{number}"), "1")
    };
    for (word, denies) in [
        (None, false),
        (Some(OVERDRAFT_DENY), true),
        (Some(OVERDRAFT_ALLOW), false),
        (Some(OVERDRAFT_DENY), true),
        (None, false),
        (Some(OVERDRAFT_DENY), true),
    ] {
        say(&world, word).await;
        let told = world.execute(SANDBOX, Work::Consume(Box::new(next()))).await;
        assert_eq!(told.is_err(), denies, "{word:?}");
    }
    world.done(currencies::archive("gold")).await;
    let told = world.execute(SANDBOX, Work::Consume(Box::new(next()))).await;
    assert!(told.is_err(), "an archived currency still says so");
    world.done(currencies::create("gold", "New gold")).await;
    burn(&world, next()).await;
}

/// What is left out is what the currency says, also where keys are compared.
pub async fn are_the_same_request_as_their_word(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    let reused = |key: &str| Refusal::KeyReused { key: key.to_owned() };
    for (word, same, other) in [
        (OVERDRAFT_ALLOW, OnInsufficient::Overdraft, OnInsufficient::Reject),
        (OVERDRAFT_DENY, OnInsufficient::Reject, OnInsufficient::Overdraft),
    ] {
        say(&world, Some(word)).await;
        burn(&world, unsaid(&wallet, word, "1")).await;
        burn(&world, said(&wallet, word, "1", same)).await;
        burn(&world, unsaid(&wallet, word, "1")).await;
        assert_eq!(refused(&world, said(&wallet, word, "1", other)).await, reused(word));
        let batch = |how| vec![unsaid(&wallet, "twice", "0.5"), said(&wallet, "twice", "0.5", how)];
        let refusal = world.refusal(Work::ConsumeBatch(batch(other))).await;
        assert_eq!((refusal.index, refusal.refusal), (Some(1), reused("twice")));
        let told = world.done(Work::ConsumeBatch(batch(same))).await;
        match (word, told) {
            (OVERDRAFT_ALLOW, Answer::Batch(rejected)) => assert_eq!(rejected, []),
            // The key was used while the currency said something else.
            (_, Answer::Batch(rejected)) => assert_eq!(rejected.len(), 2),
            (_, other) => panic!("no batch: {other:?}"),
        }
    }
    assert_eq!(world.available(&wallet).await, "7.5");
}

fn unsaid(wallet: &WalletKey, key: &str, amount: &str) -> WalletConsume {
    WalletConsume { as_currency_says: true, ..item(wallet, key, amount) }
}

fn said(wallet: &WalletKey, key: &str, amount: &str, how: OnInsufficient) -> WalletConsume {
    let mut said = item(wallet, key, amount);
    said.consume.on_insufficient = how;
    said
}

/// Changes what gold says.
async fn say(world: &World, word: Option<&str>) {
    let mut members = body(&[]);
    members.insert(OVERDRAFT_MEMBER.to_owned(), word.into());
    let patch = RecordPatch { kind: RecordKind::CustomCurrency, id: "gold".to_owned(), members };
    world.done(Work::PatchRecord(patch)).await;
}

async fn burn(world: &World, item: WalletConsume) {
    world.done(Work::Consume(Box::new(item))).await;
}

async fn refused(world: &World, item: WalletConsume) -> Refusal {
    world.refused(Work::Consume(Box::new(item))).await
}

fn short(needed: &str, available: &str) -> Refusal {
    Refusal::InsufficientCredits { needed: credits(needed), available: credits(available) }
}
