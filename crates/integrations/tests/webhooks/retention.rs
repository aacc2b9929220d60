//! What is old goes, once everybody was told of it.

use scrip_ledger::{DeliveryState, EventMarks, RecordKind, SYSTEM};

use crate::receiver::Receiver;
use crate::world::{HOUR, World, a_moment, count, until};

const DAY: i64 = 24 * HOUR;

impl World {
    async fn marks(&self) -> EventMarks {
        let found = self.books.ledger.record(SYSTEM, RecordKind::EventMarks, EventMarks::ID).await;
        found.unwrap().as_ref().and_then(EventMarks::of).unwrap_or_default()
    }

    async fn marked_up_to(&self, position: u64) {
        let marked = async || {
            let marks = self.marks().await.marks;
            marks.last().filter(|mark| mark.position >= position).map(drop)
        };
        until("marked", marked).await;
    }

    async fn kept(&self) -> Vec<u64> {
        self.events().await.iter().map(|view| view.event.position).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_deliveries_go_after_ninety_days() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    for _ in 0..3 {
        let message = world.happen().await;
        world.tried(&message, 1).await;
    }
    world.marked_up_to(1).await;
    world.books.pass(DAY);
    let last = world.happen().await;
    world.tried(&last, 1).await;
    let kept = world.kept().await;
    world.marked_up_to(*kept.last().unwrap()).await;
    // What was marked on the first day is 89 days old, then 90.
    world.books.pass(88 * DAY);
    a_moment().await;
    assert_eq!(world.kept().await, kept);
    world.books.pass(DAY + 1);
    let gone = async || (world.kept().await.len() < kept.len()).then_some(());
    until("gone", gone).await;
    let deliveries = async || (count(&world).await <= 1).then_some(());
    until("the deliveries gone", deliveries).await;
    let marks = world.marks().await;
    assert!(world.kept().await.iter().all(|position| *position > marks.forgotten_up_to));
    world.books.pass(2 * DAY);
    let newest = async || (world.kept().await.len() == 1).then_some(());
    until("only the newest left", newest).await;
    assert_eq!(world.kept().await, kept[kept.len() - 1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_is_yet_to_be_told_stays() {
    let receiver = Receiver::new().await;
    let world = World::telling(&receiver.url).await;
    receiver.answer_with(500);
    let mut sent = Vec::new();
    for _ in 0..7 {
        sent.push(world.happen().await);
    }
    for message in &sent[..5] {
        world.tried(message, 1).await;
    }
    let kept = world.kept().await;
    // The first mark may be older than the last of them.
    world.books.pass(DAY);
    world.marked_up_to(*kept.last().unwrap()).await;
    receiver.answer_with(200);
    world.books.pass(91 * DAY);
    for message in &sent {
        let delivered = async || {
            let found = world.delivery(message).await;
            found.filter(|delivery| delivery.state == DeliveryState::Delivered)
        };
        until(&format!("{message} delivered"), delivered).await;
    }
}
