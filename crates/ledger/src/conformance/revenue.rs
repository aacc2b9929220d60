//! What became of the money of grants (spec section 7, decision 31).

use scrip_core::{
    DisputeState, EnvironmentId, GrantType, Money, MoneyAmount, MoneyCurrency, NewGrant, Refusal,
};

use super::disputes::{newest, note};
use super::invoices::{invoiced, mark_paid};
use super::refunds::refund_of;
use super::world::{instant, item, wallet};
use super::{Factory, SANDBOX, World};
use crate::{ClosedMonth, Month, PRODUCTION, RevenueBooks, RevenueQuery, Work};

/// A grant's money is earned as its credits are used and when they expire; stretches add up to the whole.
pub async fn adds_up(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/silver/r1"));
    world.grant_as(&ann, "free", "1", |_| {}).await;
    let pack = |grant: &mut NewGrant| {
        costs("usd", "10")(grant);
        grant.expire_at = Some(instant("2030-02-15"));
    };
    world.grant_as(&ann, "pack", "100", pack).await;
    world.grant_as(&bob, "three", "3", costs("eur", "1")).await;
    world.move_clock("2030-01-10").await;
    world.consume(&ann, "k1", "25").await;
    world.consume(&bob, "k1", "1").await;
    world.move_clock("2030-01-20").await;
    world.done(refund_of(&ann, "r1", "k1", Some("5"))).await;
    world.move_clock("2030-02-10").await;
    world.consume(&ann, "k2", "40").await;
    world.consume(&bob, "k2", "5").await;
    world.move_clock("2030-03-01").await;
    let rows = [
        (
            ["2030-01-01", "2030-02-01"],
            [
                "gold usd 1: 0 + 10 + 0 - 2 - 0 - 0 = 8",
                "silver eur 1: 0 + 1 + 0 - 0.333333333 - 0 - 0 = 0.666666667",
            ],
        ),
        (
            ["2030-02-01", "2030-03-01"],
            [
                "gold usd 1: 8 + 0 + 0 - 4 - 4 - 0 = 0",
                "silver eur 1: 0.666666667 + 0 + 0 - 0.666666667 - 0 - 0 = 0",
            ],
        ),
        (
            ["2030-01-01", "2030-03-01"],
            ["gold usd 1: 0 + 10 + 0 - 6 - 4 - 0 = 0", "silver eur 1: 0 + 1 + 0 - 1 - 0 - 0 = 0"],
        ),
        (
            ["2030-01-15", "2030-01-25"],
            [
                "gold usd 1: 7.5 + 0 + 0 - -0.5 - 0 - 0 = 8",
                "silver eur 1: 0.666666667 + 0 + 0 - 0 - 0 - 0 = 0.666666667",
            ],
        ),
    ];
    for ([from, to], expected) in rows {
        assert_eq!(told(&books(&world, SANDBOX, from, to).await), expected, "{from} to {to}");
    }
    let whole = books(&world, SANDBOX, "2030-01-01", "2030-03-01").await;
    let lines = whole.lines();
    assert_eq!(lines.iter().map(|it| it.wallet.as_ref()).collect::<Vec<_>>(), [&ann, &bob]);
    // Of what is over nothing is told, and of other environments neither.
    assert!(told(&books(&world, SANDBOX, "2030-02-20", "2030-03-01").await).is_empty());
    assert!(told(&books(&world, PRODUCTION, "2030-01-01", "2030-03-01").await).is_empty());
}

/// An invoice that is not paid is nobody's money; a grant that was voided before it began is earned.
pub async fn waits_for_payments(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    let later = |grant: &mut NewGrant| {
        costs("usd", "5")(grant);
        grant.effective_at = Some(instant("2030-06-01"));
    };
    let scheduled = world.grant_as(&wallet, "later", "10", later).await;
    world.move_clock("2030-02-10").await;
    let january = ["gold usd 1: 0 + 5 + 0 - 0 - 0 - 0 = 5"];
    assert_eq!(told(&books(&world, SANDBOX, "2030-01-01", "2030-02-01").await), january);
    mark_paid(&world, &grant).await;
    world.done(Work::VoidGrant(scheduled.grant.name.id)).await;
    world.move_clock("2030-03-01").await;
    assert_eq!(told(&books(&world, SANDBOX, "2030-01-01", "2030-02-01").await), january);
    assert_eq!(
        told(&books(&world, SANDBOX, "2030-02-01", "2030-03-01").await),
        ["gold eur 1: 0 + 49.9 + 0 - 0 - 0 - 0 = 49.9", "gold usd 1: 5 + 0 + 0 - 0 - 5 - 0 = 0",]
    );
}

/// A dispute takes the money, and its end gives it back; what is refunded later is of that.
pub async fn follows_disputes(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    mark_paid(&world, &grant).await;
    world.consume(&wallet, "job", "4").await;
    world.move_clock("2030-01-02").await;
    note(&world, &grant, "e1", "0", &[("d", "49.9", DisputeState::Open)]).await;
    world.move_clock("2030-02-02").await;
    note(&world, &grant, "e2", "0", &[("d", "49.9", DisputeState::Won)]).await;
    assert_eq!(newest(&world, &wallet).await.grant.consumed.to_string(), "4");
    world.move_clock("2030-02-20").await;
    note(&world, &grant, "e3", "24.95", &[("d", "49.9", DisputeState::Won)]).await;
    world.move_clock("2030-03-01").await;
    assert_eq!(
        told(&books(&world, SANDBOX, "2030-01-01", "2030-02-01").await),
        ["gold eur 1: 0 + 49.9 + 0 - 0 - 0 - 49.9 = 0"]
    );
    assert_eq!(
        told(&books(&world, SANDBOX, "2030-02-01", "2030-03-01").await),
        ["gold eur 1: 0 + 0 + 49.9 - 19.96 - 0 - 24.95 = 4.99"]
    );
}

/// What is recorded after its month was closed counts in the first open month, whoever asks when.
pub async fn of_closed_months_stays(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant_as(&wallet, "pack", "100", costs("usd", "10")).await;
    world.move_clock("2030-01-20").await;
    world.consume(&wallet, "k1", "10").await;
    world.move_clock("2030-02-03").await;
    // It is of February, and recorded before January is closed.
    world.consume(&wallet, "k2", "1").await;
    let closed = close(&world, "2030-01", 0).await;
    let january = ["gold usd 1: 0 + 10 + 0 - 1 - 0 - 0 = 9"];
    assert_eq!(closed.totals.iter().map(tell).collect::<Vec<_>>(), january);
    let mut late = item(&wallet, "k3", "20");
    late.consume.created_at = Some(instant("2030-01-21"));
    world.done(Work::Consume(Box::new(late))).await;
    world.move_clock("2030-03-02").await;
    assert_eq!(told(&books(&world, SANDBOX, "2030-01-01", "2030-02-01").await), january);
    let february = ["gold usd 1: 9 + 0 + 0 - 2.1 - 0 - 0 = 6.9"];
    let closed = close(&world, "2030-02", 1).await;
    assert_eq!(closed.totals.iter().map(tell).collect::<Vec<_>>(), february);
    assert_eq!(told(&books(&world, SANDBOX, "2030-02-01", "2030-03-01").await), february);
    let all = ClosedMonth::all(world.ledger.as_ref(), SANDBOX).await.unwrap();
    assert_eq!(
        all.iter().map(|it| it.month.to_string()).collect::<Vec<_>>(),
        ["2030-01", "2030-02"]
    );
    assert_eq!(all[1], closed);
    // The place behind a closed month is taken once.
    let again = closed.to_record(1);
    let refused = world.refused(Work::CreateRecord(again)).await;
    assert!(matches!(refused, Refusal::Duplicate { .. }), "{refused:?}");
}

fn costs(currency: &str, amount: &str) -> impl FnOnce(&mut NewGrant) {
    let amount = MoneyAmount::parse(amount).unwrap();
    let cost = Money { amount, currency: MoneyCurrency::parse(currency).unwrap() };
    move |grant| {
        grant.cost = cost;
        grant.grant_type = GrantType::Paid;
    }
}

async fn close(world: &World, month: &str, before: usize) -> ClosedMonth {
    let month = Month::parse(month).unwrap();
    let (from, to) = (month.begin().to_string(), month.end().to_string());
    let books = books(world, SANDBOX, &from, &to).await;
    let new = ClosedMonth {
        month,
        until: books.until(),
        closed_at: world.ledger.now(SANDBOX),
        closed_by: "key:key_1".to_owned(),
        totals: books.totals(),
    };
    world.done(Work::CreateRecord(new.to_record(before))).await;
    new
}

async fn books(world: &World, environment: EnvironmentId, from: &str, to: &str) -> RevenueBooks {
    let ledger = world.ledger.as_ref();
    let closed = ClosedMonth::all(ledger, environment).await.unwrap();
    let (from, to) = (instant(from), instant(to));
    let query = RevenueQuery { environment, currency: None, from, to };
    let mut books = Box::new(RevenueBooks::new(query, &closed));
    while !books.are_whole() {
        books = ledger.add_up_revenue(books).await.unwrap();
    }
    for id in books.asks_for() {
        let grant = ledger.grant(environment, id).await.unwrap().unwrap();
        let details = grant.invoice.details(grant.grant.created_at);
        if let Some(returns) = details.and_then(|details| details.money_back) {
            books.restore(id, &returns.state);
        }
    }
    *books
}

fn told(books: &RevenueBooks) -> Vec<String> {
    books.totals().iter().map(tell).collect()
}

fn tell(total: &crate::RevenueTotal) -> String {
    let (revenue, between) = (total.revenue, total.revenue.between());
    format!(
        "{} {} {}: {} + {} + {} - {} - {} - {} = {}",
        total.currency,
        total.money.as_str(),
        total.grants,
        revenue.begin.deferred(),
        between.granted,
        between.restored,
        between.recognised,
        between.breakage,
        between.refunded,
        revenue.end.deferred()
    )
}
