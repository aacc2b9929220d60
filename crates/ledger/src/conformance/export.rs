//! Rows in the order in which they were recorded.

use super::world::{Factory, World, instant, item, wallet};
use crate::{ExportQuery, PRODUCTION, Point, RowView, SANDBOX, Work};

/// Every row of the environment with all its parts, from whichever of them on.
pub async fn tells_every_row_once(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/gold"));
    world.populate(PRODUCTION).await;
    for (wallet, name) in [(&ann, "A"), (&bob, "B"), (&ann, "C")] {
        world.grant(wallet, name, "5").await;
    }
    world.consume(&ann, "k1", "8").await;
    world.consume(&bob, "k1", "6").await;
    world.consume(&wallet("ann/gold/r"), "k1", "1").await;
    let all = world.exported(&of(None), Point::END).await;
    let told: Vec<_> = all.iter().map(|(_, view)| whose(&world, view)).collect();
    assert_eq!(
        told,
        [
            "ann/gold: 2030-01-01 GRANTED A 5 = 5",
            "bob/gold: 2030-01-01 GRANTED B 5 = 5",
            "ann/gold: 2030-01-01 GRANTED C 5 = 10",
            "ann/gold: 2030-01-01 CONSUMED A -5 = 5",
            "ann/gold: 2030-01-01 CONSUMED C -3 = 2",
            "bob/gold: 2030-01-01 CONSUMED B -5 = 0",
            "bob/gold: 2030-01-01 CONSUMED overdraft -1 = -1",
            "ann/gold/r: 2030-01-01 CONSUMED overdraft -1 = -1",
        ]
    );
    for query in [of(None), of(Some("ann"))] {
        let all = world.exported(&query, Point::END).await;
        for (index, (point, _)) in all.iter().enumerate() {
            let rest = world.exported(&query, *point).await;
            let points = |rows: &[(Point, RowView)]| -> Vec<Point> {
                rows.iter().map(|(point, _)| *point).collect()
            };
            assert_eq!(points(&rest), points(&all[index + 1..]), "behind {point:?}");
        }
    }
    let mut elsewhere = of(None);
    elsewhere.environment = PRODUCTION;
    assert!(world.exported(&elsewhere, Point::END).await.is_empty());
}

/// A customer's, a resource's, a currency's.
pub async fn is_of_whom_it_is_asked_for(make: &Factory<'_>) {
    let world = World::new(make).await;
    for (name, amount) in
        [("ann/gold", "1"), ("bob/gold", "2"), ("ann/silver", "3"), ("ann/gold/r", "4")]
    {
        world.grant(&wallet(name), name, amount).await;
    }
    let amounts = async |query: ExportQuery| {
        let rows = world.exported(&query, Point::END).await;
        rows.iter().map(|(_, view)| view.part.amount.to_string()).collect::<Vec<_>>()
    };
    let with = |customer: Option<&str>, resource: Option<&str>, currency: Option<&str>| {
        let key = |text: Option<&str>| wallet(&format!("c/gold/{}", text.unwrap_or("x")));
        ExportQuery {
            resource: resource.and_then(|_| key(resource).resource),
            currency: currency.map(|name| wallet(&format!("c/{name}")).currency),
            ..of(customer)
        }
    };
    assert_eq!(amounts(with(Some("ann"), None, None)).await, ["1", "3", "4"]);
    assert_eq!(amounts(with(Some("nobody"), None, None)).await, [""; 0]);
    for customer in [None, Some("ann")] {
        assert_eq!(amounts(with(customer, Some("r"), None)).await, ["4"]);
        assert_eq!(amounts(with(customer, None, Some("silver"))).await, ["3"]);
        assert_eq!(amounts(with(customer, Some("r"), Some("silver"))).await, [""; 0]);
    }
}

/// Of more rows than a slice has, each once, of one customer among many and of all.
pub async fn goes_on_slice_by_slice(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/gold"));
    let mut last_of_ann = None;
    for batch in 0..24 {
        let items = (0..100).map(|number| {
            let wallet = if number % 3 == 0 { &bob } else { &ann };
            item(wallet, &format!("{batch}-{number}"), "1")
        });
        world.done(Work::ConsumeBatch(items.collect())).await;
    }
    for (customer, count) in [(None, 2_400), (Some("ann"), 1_584), (Some("bob"), 816)] {
        let rows = world.exported(&of(customer), Point::END).await;
        assert_eq!(rows.len(), count, "{customer:?}");
        assert!(rows.windows(2).all(|pair| pair[1].0.is_behind(pair[0].0)), "{customer:?}");
        if customer == Some("ann") {
            last_of_ann = rows.last().map(|(point, _)| *point);
            let behind = rows[1_500].0;
            assert_eq!(world.exported(&of(customer), behind).await.len(), 83);
        }
    }
    // What was exported is behind; what comes is ahead.
    world.consume(&ann, "new", "1").await;
    assert_eq!(world.exported(&of(Some("ann")), last_of_ann.unwrap()).await.len(), 1);
}

/// What is due is there: as a row with its own instant.
pub async fn has_what_is_due(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ends = |new: &mut scrip_core::NewGrant| new.expire_at = Some(instant("2030-01-31"));
    for customer in ["ann", "bob"] {
        world.grant_as(&wallet(&format!("{customer}/gold")), "A", "5", ends).await;
    }
    world.move_clock("2030-02-10").await;
    for (customer, count) in [(Some("ann"), 1), (None, 2)] {
        let rows = world.exported(&of(customer), Point::END).await;
        let expired = rows.iter().filter(|(_, view)| {
            view.row.recorded_at == instant("2030-01-31") && view.balance_after.is_zero()
        });
        assert_eq!(expired.count(), count);
    }
}

/// A point behind all rows was answered before rows were lost.
pub async fn knows_that_rows_were_lost(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "A", "5").await;
    let lost = Point { position: 1_000, part: 0 };
    for query in [of(None), of(Some("ann"))] {
        assert!(world.ledger.export(query, lost, None).await.unwrap().is_none());
    }
}

fn of(customer: Option<&str>) -> ExportQuery {
    let customer = customer.map(|id| wallet(&format!("{id}/gold")).customer);
    ExportQuery { environment: SANDBOX, customer, resource: None, currency: None }
}

fn whose(world: &World, view: &RowView) -> String {
    let key = &view.wallet;
    let resource = key.resource.as_ref().map_or(String::new(), |id| format!("/{}", id.as_str()));
    let wallet = format!("{}/{}{resource}", key.customer.as_str(), key.currency.as_str());
    format!("{wallet}: {}", world.tell(view))
}

impl World {
    /// A whole export.
    async fn exported(&self, query: &ExportQuery, after: Point) -> Vec<(Point, RowView)> {
        let (mut rows, mut after, mut until) = (Vec::new(), after, None);
        loop {
            let slice = self.ledger.export(query.clone(), after, until).await.unwrap().unwrap();
            let is_last = slice.is_last();
            (after, until) = (slice.reached, Some(slice.until));
            rows.extend(slice.rows);
            if is_last {
                return rows;
            }
        }
    }
}
