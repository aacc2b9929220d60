//! The test clock (decisions 40 and 66).

use std::sync::Arc;

use scrip_core::Refusal;

use super::world::instant;
use super::{Factory, PRODUCTION, SANDBOX, World};
use crate::{
    Claim, Executed, LedgerError, Order, OrderRefusal, Remember, RememberBy, Settings,
    StoredAnswer, Work,
};

/// It stands still until it is moved, and never back.
pub async fn moves_forward_only(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.pass(5_000);
    assert_eq!(world.ledger.now(SANDBOX), super::start());
    world.move_clock("2030-01-05").await;
    assert_eq!(world.ledger.now(SANDBOX), instant("2030-01-05"));
    let clock = instant("2030-01-05");
    let back = Work::MoveClock(clock.later(-1));
    assert_eq!(world.refused(back).await, Refusal::ClockBackward { clock });
    world.move_clock("2030-01-05").await;
    assert_eq!(world.ledger.now(SANDBOX), clock);
}

/// The first setting may be any distance ahead, later ones at most a calendar year.
pub async fn moves_at_most_a_year_after_its_first_setting(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let clock = world.ledger.now(SANDBOX);
    if world.time_can_pass {
        let back = world.refused(Work::MoveClock(clock.later(-1))).await;
        assert_eq!(back, Refusal::ClockBackward { clock });
    }
    world.move_clock("2043-02-28T12:00:00Z").await;
    let clock = instant("2043-02-28T12:00:00Z");
    let too_far = Work::MoveClock(instant("2044-02-28T12:00:00.001Z"));
    assert_eq!(world.refused(too_far).await, Refusal::ClockTooFar { clock });
    world.move_clock("2044-02-28T12:00:00Z").await;
}

/// Production has none.
pub async fn belongs_to_the_sandbox(make: &Factory<'_>) {
    let world = World::new(make).await;
    let moved = world.execute(PRODUCTION, Work::MoveClock(instant("2040-01-01"))).await;
    let refusal = OrderRefusal { index: None, refusal: Refusal::ClockForbidden };
    assert_eq!(moved.unwrap_err(), LedgerError::Refused(refusal));
}

/// Production goes on in real time.
pub async fn leaves_other_environments_alone(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.move_clock("2030-06-01").await;
    if world.time_can_pass {
        assert_eq!(world.ledger.now(PRODUCTION), super::start().later(-1_000));
        world.pass(70_000);
        assert_eq!(world.ledger.now(PRODUCTION), super::start().later(69_000));
        assert_eq!(world.ledger.trusted_time(), Some(super::start().later(69_000)));
    }
    assert_ne!(world.ledger.now(PRODUCTION), world.ledger.now(SANDBOX));
}

/// A move with an `Idempotency-Key` is answered again, though the clock has moved on.
pub async fn is_told_to_repeats(make: &Factory<'_>) {
    let world = World::new(make).await;
    let claim = Claim { scope: [1; 32], body: [2; 32] };
    let answer = StoredAnswer { status: 200, body: b"moved".to_vec() };
    let order = || {
        let answer = answer.clone();
        let render = Arc::new(move |_: &_| Some(answer.clone()));
        Order {
            environment: SANDBOX,
            origin: world.origin(),
            work: Work::MoveClock(instant("2030-01-05")),
            remember: Some(Remember { by: RememberBy::Claim(claim), render }),
        }
    };
    let first = world.ledger.execute(order()).await.unwrap();
    assert!(matches!(first, Executed::Fresh(_)));
    world.move_clock("2030-01-09").await;
    match world.ledger.execute(order()).await.unwrap() {
        Executed::Replayed(again) => assert_eq!(again, answer),
        Executed::Fresh(other) => panic!("moved twice: {other:?}"),
    }
}
