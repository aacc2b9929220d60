//! Retries that official SDKs send by themselves (decisions 41 and 73).

use std::sync::Arc;

use super::world::{record, wallet};
use super::{Factory, SANDBOX, World, grant_of};
use crate::{
    Answer, Executed, LedgerError, Order, RecordKind, Remember, RememberBy, Render, StoredAnswer,
    Work,
};

const MINUTE: i64 = 60_000;

/// A retry after the effect gets the stored answer; nothing happens twice.
pub async fn answer_the_retry_of_an_effect(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = attempt(&world, 1, 0, "ann/gold").await.unwrap();
    for count in [1, 2] {
        assert_eq!(attempt(&world, 1, count, "ann/gold").await.unwrap(), again(&first));
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, "10");
    // A first attempt is a request of its own.
    attempt(&world, 1, 0, "ann/gold").await.unwrap();
    assert_eq!(world.available(&wallet("ann/gold")).await, "20");
}

/// A retry whose first attempt never arrived runs; the next one finds its effect.
pub async fn run_a_retry_without_effect(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = attempt(&world, 1, 1, "ann/gold").await.unwrap();
    assert!(first.starts_with("fresh"));
    assert_eq!(attempt(&world, 1, 2, "ann/gold").await.unwrap(), again(&first));
    assert_eq!(world.available(&wallet("ann/gold")).await, "10");
}

/// A refused attempt leaves no answer behind: its retry is decided anew.
pub async fn do_not_count_when_refused(make: &Factory<'_>) {
    let world = World::new(make).await;
    let refused = attempt(&world, 1, 0, "cleo/gold").await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refused(_)));
    world.done(Work::CreateRecord(record(RecordKind::Customer, "cleo", &[]))).await;
    let first = attempt(&world, 1, 1, "cleo/gold").await.unwrap();
    assert!(first.starts_with("fresh"));
    assert_eq!(attempt(&world, 1, 2, "cleo/gold").await.unwrap(), again(&first));
}

/// Of several effects the latest answers (decision 73).
pub async fn answer_with_the_latest(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = attempt(&world, 1, 0, "ann/gold").await.unwrap();
    let second = attempt(&world, 1, 0, "ann/gold").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(attempt(&world, 1, 1, "ann/gold").await.unwrap(), again(&second));
}

/// An effect answers retries for five minutes of real time.
pub async fn are_forgotten_after_five_minutes(make: &Factory<'_>) {
    let world = World::new(make).await;
    if !world.time_can_pass {
        return;
    }
    let first = attempt(&world, 1, 0, "ann/gold").await.unwrap();
    world.move_clock("2030-01-09").await;
    world.pass(5 * MINUTE);
    assert_eq!(attempt(&world, 1, 1, "ann/gold").await.unwrap(), again(&first));
    world.pass(1);
    assert!(attempt(&world, 1, 1, "ann/gold").await.unwrap().starts_with("fresh"));
    assert_eq!(world.available(&wallet("ann/gold")).await, "20");
}

/// Another key, path or body is another request.
pub async fn do_not_meet_other_requests(make: &Factory<'_>) {
    let world = World::new(make).await;
    attempt(&world, 1, 0, "ann/gold").await.unwrap();
    assert!(attempt(&world, 2, 1, "ann/gold").await.unwrap().starts_with("fresh"));
}

/// Grants ten credits as an attempt; tells how it was answered, and with which grant.
async fn attempt(
    world: &World,
    scope: u8,
    retry_count: u32,
    name: &str,
) -> Result<String, LedgerError> {
    let render: Render = Arc::new(|outcome| {
        let Ok(Answer::Grant(grant)) = outcome else { return None };
        let body = grant.grant.name.id.to_string().into_bytes();
        Some(StoredAnswer { status: 201, body })
    });
    let create = grant_of(&wallet(name), world.mint(&wallet(name)), "main", "10");
    let order = Order {
        environment: SANDBOX,
        origin: world.origin(),
        work: Work::CreateGrant(Box::new(create)),
        remember: Some(Remember {
            by: RememberBy::Attempt { scope: [scope; 32], retry_count },
            render,
        }),
    };
    Ok(match world.ledger.execute(order).await? {
        Executed::Fresh(Answer::Grant(grant)) => format!("fresh {}", grant.grant.name.id),
        Executed::Fresh(other) => panic!("no grant: {other:?}"),
        Executed::Replayed(answer) => {
            format!("{} {}", answer.status, String::from_utf8(answer.body).unwrap())
        }
    })
}

/// What a repeat of this answer is told.
fn again(first: &str) -> String {
    first.replace("fresh", "201")
}
