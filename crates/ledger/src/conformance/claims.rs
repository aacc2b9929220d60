//! Claims of `Idempotency-Key` headers (decision 14).

use std::sync::Arc;

use scrip_core::Entity;

use super::world::wallet;
use super::{Factory, SANDBOX, World, grant_of, item};
use crate::{
    Claim, ClaimState, Executed, LedgerError, Order, Remember, RememberBy, Render, StoredAnswer,
    Work,
};

const CLAIM: Claim = Claim { scope: [1; 32], body: [2; 32] };
const OTHER_BODY: Claim = Claim { scope: [1; 32], body: [3; 32] };

/// The answer is stored with the effect, and a repeat gets it without another effect.
pub async fn answer_the_repeat(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = claimed(&world, CLAIM, consume("k1")).await.unwrap();
    assert!(matches!(first, Executed::Fresh(_)));
    // The claim counts, whatever the repeat would do.
    for _ in 0..2 {
        let again = claimed(&world, CLAIM, consume("k2")).await.unwrap();
        assert_eq!(replayed(again), answer(200));
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, "-1");
    match world.ledger.claim(CLAIM).await.unwrap() {
        ClaimState::Answered(stored) => assert_eq!(stored, answer(200)),
        _ => panic!("its answer is known"),
    }
}

/// The same key with another body is told apart, before and at the order.
pub async fn conflict_with_another_body(make: &Factory<'_>) {
    let world = World::new(make).await;
    claimed(&world, CLAIM, consume("k1")).await.unwrap();
    assert!(matches!(world.ledger.claim(OTHER_BODY).await.unwrap(), ClaimState::OtherBody));
    let conflict = claimed(&world, OTHER_BODY, consume("k2")).await;
    assert_eq!(conflict.unwrap_err(), LedgerError::ClaimedForOther);
    assert_eq!(world.available(&wallet("ann/gold")).await, "-1");
}

/// While its first request runs, a claim is running; when the request is gone, it is open again.
pub async fn run_once_at_a_time(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ClaimState::Open(guard) = world.ledger.claim(CLAIM).await.unwrap() else {
        panic!("nobody claimed it");
    };
    assert!(matches!(world.ledger.claim(CLAIM).await.unwrap(), ClaimState::Running));
    assert!(matches!(world.ledger.claim(OTHER_BODY).await.unwrap(), ClaimState::Running));
    let other = Claim { scope: [9; 32], body: [2; 32] };
    assert!(matches!(world.ledger.claim(other).await.unwrap(), ClaimState::Open(_)));
    drop(guard);
    assert!(matches!(world.ledger.claim(OTHER_BODY).await.unwrap(), ClaimState::Open(_)));
}

/// A definite refusal is an answer like any other.
pub async fn keep_definite_refusals(make: &Factory<'_>) {
    let world = World::new(make).await;
    let unknown = || Work::Consume(Box::new(item(&wallet("cleo/gold"), "k", "1")));
    let refused = claimed(&world, CLAIM, unknown()).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refused(_)));
    let customer = super::world::record(crate::RecordKind::Customer, "cleo", &[]);
    world.done(Work::CreateRecord(customer)).await;
    let again = claimed(&world, CLAIM, unknown()).await.unwrap();
    assert_eq!(replayed(again), answer(404), "though it would be carried out now");
}

/// A refusal that needed no order (its shape was wrong) is stored by itself.
pub async fn keep_refusals_that_needed_no_order(make: &Factory<'_>) {
    let world = World::new(make).await;
    let guard = world.ledger.claim(CLAIM).await.unwrap();
    world.ledger.answer_claim(CLAIM, answer(400)).await.unwrap();
    drop(guard);
    match world.ledger.claim(CLAIM).await.unwrap() {
        ClaimState::Answered(stored) => assert_eq!(stored, answer(400)),
        _ => panic!("its answer is known"),
    }
    assert!(matches!(world.ledger.claim(OTHER_BODY).await.unwrap(), ClaimState::OtherBody));
}

/// What is not stored (a failure, a refusal that may pass) runs again.
pub async fn that_store_nothing_run_again(make: &Factory<'_>) {
    let world = World::new(make).await;
    let taken = world.grant(&wallet("ann/gold"), "main", "10").await.grant.name.id;
    let grant = |id| Work::CreateGrant(Box::new(grant_of(&wallet("ann/gold"), id, "more", "5")));
    let refused = claimed(&world, CLAIM, grant(taken)).await.unwrap_err();
    assert_eq!(refused, LedgerError::GrantIdTaken);
    let silent: Render = Arc::new(|_| None);
    let order = remembered(&world, CLAIM, consume("k"), silent);
    assert!(matches!(world.ledger.execute(order).await.unwrap(), Executed::Fresh(_)));
    let minted = claimed(&world, CLAIM, grant(world.mint(&wallet("ann/gold")))).await.unwrap();
    assert!(matches!(minted, Executed::Fresh(_)));
}

/// The first answer stays, whoever answers later.
pub async fn keep_the_first_answer(make: &Factory<'_>) {
    let world = World::new(make).await;
    claimed(&world, CLAIM, consume("k")).await.unwrap();
    world.ledger.answer_claim(CLAIM, answer(400)).await.unwrap();
    world.ledger.answer_claim(OTHER_BODY, answer(400)).await.unwrap();
    match world.ledger.claim(CLAIM).await.unwrap() {
        ClaimState::Answered(stored) => assert_eq!(stored, answer(200)),
        _ => panic!("its answer is known"),
    }
}

fn consume(key: &str) -> Work {
    Work::Consume(Box::new(item(&wallet("ann/gold"), key, "1")))
}

async fn claimed(world: &World, claim: Claim, work: Work) -> Result<Executed, LedgerError> {
    let render: Render = Arc::new(|outcome| {
        Some(answer(match outcome {
            Ok(_) => 200,
            Err(refused) => match refused.refusal {
                scrip_core::Refusal::NotFound { entity: Entity::Customer, .. } => 404,
                _ => 409,
            },
        }))
    });
    world.ledger.execute(remembered(world, claim, work, render)).await
}

fn remembered(world: &World, claim: Claim, work: Work, render: Render) -> Order {
    let remember = Some(Remember { by: RememberBy::Claim(claim), render });
    Order { environment: SANDBOX, origin: world.origin(), work, remember }
}

fn answer(status: u16) -> StoredAnswer {
    StoredAnswer { status, body: format!("answer {status}").into_bytes() }
}

fn replayed(executed: Executed) -> StoredAnswer {
    match executed {
        Executed::Replayed(answer) => answer,
        Executed::Fresh(answer) => panic!("carried out twice: {answer:?}"),
    }
}
