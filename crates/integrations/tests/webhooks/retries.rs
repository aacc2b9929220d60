//! What is not taken is sent again over days, and an endpoint that takes nothing is told nothing.

use scrip_ledger::{DeliveryState, WebhookStatus, WebhookStop};

use crate::receiver::Receiver;
use crate::world::{HOUR, MINUTE, World, a_moment, count, until};

/// The pauses of the schedule, each with a fifth more.
const PAUSES: [i64; 9] = [
    6_000,
    6 * MINUTE,
    36 * MINUTE,
    144 * MINUTE,
    6 * HOUR,
    12 * HOUR,
    1_008 * MINUTE,
    24 * HOUR,
    1_728 * MINUTE,
];

#[tokio::test(flavor = "multi_thread")]
async fn one_that_comes_back_after_an_hour_gets_what_it_missed_in_order() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    receiver.answer_with(500);
    let mut sent = Vec::new();
    for _ in 0..8 {
        sent.push(world.happen().await);
    }
    // After five failures in a row nothing new is sent.
    for message in &sent[..5] {
        world.tried(message, 1).await;
    }
    a_moment().await;
    assert_eq!(receiver.told().len(), 5);
    world.books.pass(PAUSES[0]);
    for message in &sent[..5] {
        world.tried(message, 2).await;
    }
    a_moment().await;
    assert_eq!(receiver.told().len(), 10, "it is too early for a trial");
    // A trial with what is new, besides what is tried again.
    world.books.pass(PAUSES[1]);
    for message in &sent[..5] {
        world.tried(message, 3).await;
    }
    world.tried(&sent[5], 1).await;
    a_moment().await;
    assert_eq!((receiver.told().len(), count(&world).await), (16, 6));

    receiver.answer_with(200);
    world.books.pass(3 * HOUR);
    for message in &sent {
        let delivered = async || {
            let found = world.delivery(message).await;
            found.filter(|delivery| delivery.state == DeliveryState::Delivered)
        };
        let delivery = until(&format!("{message} delivered"), delivered).await;
        let attempts = if sent[..5].contains(message) { 4 } else { 1 };
        let attempts = if *message == sent[5] { 2 } else { attempts };
        assert_eq!(delivery.attempts.len(), attempts, "{message}");
        assert_eq!(delivery.next_attempt_at_milliseconds, None);
    }
    let taken = receiver.told().into_iter().filter(|(status, _)| *status == 200);
    let taken: Vec<_> = taken.map(|(_, id)| id).collect();
    let new: Vec<_> = taken.iter().filter(|id| sent[6..].contains(id)).cloned().collect();
    assert_eq!((taken.len(), new.as_slice()), (8, &sent[6..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_is_known_by_whoever_delivers_next() {
    let receiver = Receiver::new().await;
    let mut world = World::telling(&receiver.url).await;
    receiver.answer_with(500);
    let missed = world.happen().await;
    world.tried(&missed, 1).await;
    world.end().await;
    receiver.answer_with(200);
    let later = world.happen().await;
    world.begin();
    world.tried(&later, 1).await;
    a_moment().await;
    assert_eq!(world.delivery(&missed).await.unwrap().tries, 1, "not before its time");
    world.books.pass(PAUSES[0]);
    let delivery = world.tried(&missed, 2).await;
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let told: Vec<_> = receiver.told().into_iter().map(|(_, id)| id).collect();
    assert_eq!(told, [missed.clone(), later, missed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_attempts_a_delivery_has_failed_and_the_next_is_tried() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    receiver.answer_with(503);
    let message = world.happen().await;
    for (tries, pause) in (1..).zip(PAUSES) {
        let delivery = world.tried(&message, tries).await;
        assert_eq!(delivery.state, DeliveryState::Pending);
        world.books.pass(pause);
    }
    let failed = world.tried(&message, 10).await;
    assert_eq!((failed.state, failed.attempts.len()), (DeliveryState::Failed, 10));
    assert_eq!(failed.attempts[0].error.as_deref(), Some("answered with 503 Service Unavailable"));
    // With nothing left to try, what is new shows whether it takes anything.
    receiver.answer_with(200);
    let next = world.happen().await;
    assert_eq!(world.tried(&next, 1).await.state, DeliveryState::Delivered);
    assert_eq!(world.endpoint().await.status, WebhookStatus::Enabled);
    assert_eq!(world.delivery(&message).await.unwrap().state, DeliveryState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_takes_nothing_for_five_days_is_disabled_and_says_why() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    receiver.answer_with(500);
    let message = world.happen().await;
    for tries in 1..8 {
        world.tried(&message, tries).await;
        world.books.pass(17 * HOUR);
    }
    let delivery = world.tried(&message, 8).await;
    let first = delivery.attempts[0].at_milliseconds;
    let last = delivery.attempts[7].at_milliseconds;
    assert!(last - first < 5 * 24 * HOUR && last - first > 4 * 24 * HOUR);
    a_moment().await;
    assert_eq!(world.endpoint().await.status, WebhookStatus::Enabled, "not a day too early");
    world.books.pass(24 * HOUR);
    world.tried(&message, 9).await;
    let disabled = async || {
        let status = world.endpoint().await.status;
        (status != WebhookStatus::Enabled).then_some(status)
    };
    let status = until("disabled", disabled).await;
    assert_eq!(status, WebhookStatus::Disabled(WebhookStop::Failing));
    world.happen().await;
    a_moment().await;
    assert_eq!(receiver.told().len(), 9, "it is told of nothing any more");
}

/// An event that a receiver never takes, five times in a row, is no reason to keep others from it.
#[tokio::test(flavor = "multi_thread")]
async fn five_that_are_never_taken_do_not_hold_up_the_sixth_for_long() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    receiver.answer_with(422);
    let mut refused = Vec::new();
    for _ in 0..5 {
        let message = world.happen().await;
        world.tried(&message, 1).await;
        refused.push(message);
    }
    receiver.refuse_only(refused);
    let sixth = world.happen().await;
    let seventh = world.happen().await;
    a_moment().await;
    assert!(world.delivery(&sixth).await.is_none());
    world.books.pass(MINUTE);
    for message in [sixth, seventh] {
        assert_eq!(world.tried(&message, 1).await.state, DeliveryState::Delivered);
    }
}
