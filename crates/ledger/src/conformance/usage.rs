//! Usage over time, and for what.

use scrip_core::{Dimension, Timestamp, WalletKey};

use super::holds::{release_of, reserve_of};
use super::world::{Factory, World, credits, instant, item, wallet};
use crate::{UsageQuery, Work};

/// Consumptions and releases, each once whatever grants it took, in the bucket that it is attributed
/// to; a wallet of a resource stands apart.
pub async fn is_seen_at_once_in_its_bucket(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    assert_eq!(world.used(&ann, &[]).await, [": 0 in 0 events: 0/0 0/0 0/0"]);
    world.grant(&ann, "A", "5").await;
    world.grant(&ann, "B", "5").await;
    // A hold that ends by itself is no usage; its late release is.
    world.done(Work::Reserve(Box::new(reserve_of(&ann, "job", "0.5")))).await;
    world.move_clock("2030-01-03T12:00:00Z").await;
    world.consume(&ann, "k1", "8").await;
    let mut back = item(&ann, "k2", "1.5");
    back.consume.created_at = Some(instant("2030-01-01T23:59:59.999Z"));
    world.done(Work::Consume(Box::new(back))).await;
    world.done(Work::Release(Box::new(release_of(&ann, "job", "2")))).await;
    world.consume(&wallet("ann/gold/r"), "k1", "7").await;
    assert_eq!(world.used(&ann, &[]).await, [": 11.5 in 3 events: 1.5/1 0/0 10/2"]);
    assert_eq!(world.used(&wallet("ann/gold/r"), &[]).await, [": 7 in 1 events: 0/0 0/0 7/1"]);
    assert_eq!(world.used(&wallet("bob/gold"), &[]).await, [": 0 in 0 events: 0/0 0/0 0/0"]);
}

/// By the text of the values; what lacks the dimension is a group too.
pub async fn is_grouped_by_dimensions(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let text = |text: &str| Dimension::Text(text.into());
    for (key, amount, dimensions) in [
        ("a", "1", vec![("model", text("large")), ("team", text("x"))]),
        ("b", "2", vec![("model", text("small"))]),
        ("c", "4", vec![("model", text("large")), ("team", text("y"))]),
        ("d", "3", vec![("model", Dimension::Number("1".into()))]),
        ("e", "3", vec![("model", text("1"))]),
        ("f", "9", vec![]),
    ] {
        let mut one = item(&ann, key, amount);
        one.consume.dimensions = dimensions.into_iter().collect();
        world.done(Work::Consume(Box::new(one))).await;
    }
    assert_eq!(
        world.used(&ann, &["model"]).await,
        [
            ": 9 in 1 events: 9/1 0/0 0/0",
            "1: 6 in 2 events: 6/2 0/0 0/0",
            "large: 5 in 2 events: 5/2 0/0 0/0",
            "small: 2 in 1 events: 2/1 0/0 0/0",
        ]
    );
    assert_eq!(
        world.used(&ann, &["team", "model"]).await[1..4],
        [
            ",1: 6 in 2 events: 6/2 0/0 0/0",
            "y,large: 4 in 1 events: 4/1 0/0 0/0",
            ",small: 2 in 1 events: 2/1 0/0 0/0",
        ]
    );
}

/// A refund reduces the bucket of what it undoes, and is no event.
pub async fn is_reduced_by_refunds(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    world.grant(&ann, "A", "100").await;
    let mut one = item(&ann, "k", "8");
    one.consume.dimensions = [("model", Dimension::Text("large".into()))].into();
    world.done(Work::Consume(Box::new(one))).await;
    world.move_clock("2030-01-02").await;
    world.done(super::refund_of(&ann, "r", "k", Some("3"))).await;
    assert_eq!(world.used(&ann, &["model"]).await, ["large: 5 in 1 events: 5/1 0/0 0/0"]);
}

impl World {
    /// The usage of three days, a line for each series.
    async fn used(&self, wallet: &WalletKey, group_by: &[&str]) -> Vec<String> {
        let day = |day: i64| instant("2030-01-01").later(day * 24 * 3_600_000);
        let query = UsageQuery {
            wallet: wallet.clone(),
            buckets: (0..3).map(day).collect::<Vec<Timestamp>>(),
            from: day(0),
            until: day(3).later(-1),
            group_by: group_by.iter().map(|name| (*name).to_owned()).collect(),
        };
        let series = self.ledger.usage(query).await.unwrap().unwrap();
        let told = series.iter().map(|one| {
            let points = (0..3).map(|place| one.points.get(&place).copied().unwrap_or_default());
            let points = points.map(|(amount, count)| format!("{amount}/{count}"));
            let points = points.collect::<Vec<_>>().join(" ");
            assert!(one.total >= credits("0"));
            format!("{}: {} in {} events: {points}", one.tags.join(","), one.total, one.count)
        });
        told.collect()
    }
}
