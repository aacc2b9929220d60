//! Usage that is added up behind the rows says what the rows say.

use std::time::Duration;

use rusqlite::Connection;
use scrip_core::{Dimension, Timestamp};
use scrip_ledger::conformance::{
    SANDBOX, World, credits, instant, item, refund_of, release_of, reserve_of, wallet,
};
use scrip_ledger::embedded::{Options, verify};
use scrip_ledger::{Ledger, UsageQuery, UsageSeries, Work};

use super::store::{Opened, Store};

const HOUR: i64 = 3_600_000;

/// The same numbers for the same seed.
pub struct Chance(pub u64);

impl Chance {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Three days of consumptions, late ones too, of releases and refunds.
pub async fn live(world: &World, chance: &mut Chance, day: i64) {
    for n in 0..40 {
        let now = instant("2030-02-01").later(day * 24 * HOUR + n * HOUR / 2);
        world.move_clock(&now.to_string()).await;
        let whose = wallet(["ann/gold", "ann/gold/r"][usize::try_from(chance.below(2)).unwrap()]);
        let key = format!("{day}-{n}");
        let mut one = item(&whose, &key, &format!("{}.5", chance.below(9)));
        let dimensions = ["model", "team"].into_iter().filter_map(|name| {
            let value = ["a", "b", "", "c"][usize::try_from(chance.below(4)).unwrap()];
            (!value.is_empty()).then(|| (name, Dimension::Text(value.into())))
        });
        one.consume.dimensions = dimensions.collect();
        if chance.below(3) == 0 {
            one.consume.created_at = Some(now.later(-chance.below(40 * HOUR)));
        }
        world.done(Work::Consume(Box::new(one))).await;
        if chance.below(4) == 0 {
            let back = format!("0.{}", 1 + chance.below(4));
            world.done(refund_of(&whose, &format!("back {key}"), &key, Some(&back))).await;
        }
        if chance.below(5) == 0 {
            let hold = reserve_of(&whose, &format!("job {key}"), "0.5");
            world.execute(SANDBOX, Work::Reserve(Box::new(hold))).await.ok();
            let release = release_of(&whose, &format!("job {key}"), "0.25");
            world.execute(SANDBOX, Work::Release(Box::new(release))).await.ok();
        }
    }
}

/// Questions of every kind: whole days, whole hours, hours that are cut.
pub fn questions(seed: u64) -> Vec<UsageQuery> {
    let mut chance = Chance(seed);
    let groups: [&[&str]; 5] = [&[], &["model"], &["model", "team"], &["none"], &["team"]];
    let ask = |chance: &mut Chance, unit: i64, from: Timestamp, until: Timestamp| {
        let mut buckets = vec![from.later(-from.milliseconds().rem_euclid(unit))];
        while let Some(next) = buckets.last().map(|last| last.later(unit))
            && next <= until
        {
            buckets.push(next);
        }
        let whose = wallet(["ann/gold", "ann/gold/r"][usize::try_from(chance.below(2)).unwrap()]);
        let group_by = groups[usize::try_from(chance.below(5)).unwrap()];
        let group_by = group_by.iter().map(|name| (*name).to_owned()).collect();
        UsageQuery { wallet: whose, buckets, from, until, group_by }
    };
    let first = instant("2030-01-29");
    let mut questions = Vec::new();
    for _ in 0..120 {
        let unit = [HOUR, 24 * HOUR, 10 * 24 * HOUR][usize::try_from(chance.below(3)).unwrap()];
        let step = [1, HOUR, 24 * HOUR][usize::try_from(chance.below(3)).unwrap()];
        let at = |chance: &mut Chance| first.later(chance.below(8 * 24 * HOUR / step) * step);
        let (one, other) = (at(&mut chance), at(&mut chance));
        let (from, until) = (one.min(other), one.max(other).later(step - 1));
        questions.push(ask(&mut chance, unit, from, until));
    }
    questions
}

/// What a ledger answers them.
pub async fn answers(ledger: &dyn Ledger, questions: &[UsageQuery]) -> Vec<Vec<UsageSeries>> {
    let mut answers = Vec::new();
    for question in questions {
        answers.push(ledger.usage(question.clone()).await.unwrap().unwrap());
    }
    answers
}

/// Whether these are the same.
pub fn check(told: &[Vec<UsageSeries>], expected: &[Vec<UsageSeries>], questions: &[UsageQuery]) {
    for ((told, expected), question) in told.iter().zip(expected).zip(questions) {
        assert_eq!(told, expected, "{question:?}");
    }
}

/// Nothing is written behind unless it is asked for.
fn by_hand(options: &mut Options) {
    options.snapshots_every = Duration::MAX;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_what_the_rows_say() {
    for seed in 0..4 {
        let store = Store::new();
        store.fresh().await.close().await;
        let opened = store.opened_with(by_hand).await;
        let (mut chance, questions) = (Chance(seed), questions(seed));
        for name in ["ann/gold", "ann/gold/r"] {
            opened.world.grant(&wallet(name), name, "100").await;
        }
        live(&opened.world, &mut chance, 0).await;
        let from_rows = answers(opened.ledger.as_ref(), &questions).await;
        opened.ledger.write_behind();
        check(&answers(opened.ledger.as_ref(), &questions).await, &from_rows, &questions);
        // Of the days and of the rows behind them.
        live(&opened.world, &mut chance, 1).await;
        let from_both = answers(opened.ledger.as_ref(), &questions).await;
        assert_ne!(from_both, from_rows, "the second day is asked for");
        drop(opened);
        let opened = store.opened_with(by_hand).await;
        check(&answers(opened.ledger.as_ref(), &questions).await, &from_both, &questions);
        opened.ledger.write_behind();
        check(&answers(opened.ledger.as_ref(), &questions).await, &from_both, &questions);
        live(&opened.world, &mut chance, 2).await;
        let whole = answers(opened.ledger.as_ref(), &questions).await;
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
        // From the rows alone.
        std::fs::remove_file(store.path().join("snapshots.db")).unwrap();
        let opened = store.opened_with(by_hand).await;
        check(&answers(opened.ledger.as_ref(), &questions).await, &whole, &questions);
        opened.ledger.write_behind();
        check(&answers(opened.ledger.as_ref(), &questions).await, &whole, &questions);
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
    }
}

/// Without days, the rows tell the same; the days come when somebody wants them again.
#[tokio::test(flavor = "multi_thread")]
async fn is_told_from_the_rows_where_it_is_not_added_up() {
    let store = Store::new();
    store.fresh().await.close().await;
    let days = || {
        let snapshots = Connection::open(store.path().join("snapshots.db")).unwrap();
        let sql = "select count(*) from usage_days";
        snapshots.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap()
    };
    let opened = store.opened_with(|options| options.adds_usage_up = false).await;
    let (mut chance, questions) = (Chance(7), questions(7));
    for name in ["ann/gold", "ann/gold/r"] {
        opened.world.grant(&wallet(name), name, "100").await;
    }
    live(&opened.world, &mut chance, 0).await;
    let from_rows = answers(opened.ledger.as_ref(), &questions).await;
    opened.ledger.write_behind();
    check(&answers(opened.ledger.as_ref(), &questions).await, &from_rows, &questions);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    assert_eq!(days(), 0);
    let opened = store.opened_with(by_hand).await;
    opened.ledger.write_behind();
    check(&answers(opened.ledger.as_ref(), &questions).await, &from_rows, &questions);
    assert!(days() > 0);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// With more sets of dimensions in an hour than are kept apart, it is read from the rows: exact.
#[tokio::test(flavor = "multi_thread")]
async fn is_exact_beyond_the_sets_that_are_kept_apart() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(by_hand).await;
    let ann = wallet("ann/gold");
    for (hour, sets) in [(0, 1_000), (1, 1_001), (2, 300)] {
        let at = instant("2030-02-01").later(hour * HOUR);
        opened.world.move_clock(&at.to_string()).await;
        let items = (0..sets).map(|n| {
            let mut one = item(&ann, &format!("{hour}-{n}"), "1");
            let dimensions = [("request", n.to_string()), ("model", (n % 3).to_string())];
            let dimensions =
                dimensions.map(|(name, value)| (name, Dimension::Number(value.into())));
            one.consume.dimensions = dimensions.into();
            one
        });
        for batch in items.collect::<Vec<_>>().chunks(500) {
            opened.world.done(Work::ConsumeBatch(batch.to_vec())).await;
        }
        opened.ledger.write_behind();
    }
    let day = instant("2030-02-01");
    let ask = |name: &str, unit: i64, hours: i64| UsageQuery {
        wallet: ann.clone(),
        buckets: (0..24 * HOUR / unit).map(|place| day.later(place * unit)).collect(),
        from: day,
        until: day.later(hours * HOUR - 1),
        group_by: vec![name.to_owned()],
    };
    for (name, unit, hours, series, most) in [
        ("model", 24 * HOUR, 24, 3, "768"),
        ("model", HOUR, 24, 3, "768"),
        ("model", HOUR, 1, 3, "334"),
        ("request", 24 * HOUR, 24, 1_001, "3"),
        ("request", HOUR, 1, 1_000, "1"),
    ] {
        let told = opened.ledger.usage(ask(name, unit, hours)).await.unwrap().unwrap();
        assert_eq!((told.len(), told[0].total), (series, credits(most)), "{name} {unit} {hours}");
        let sum: u64 = told.iter().map(|one| one.count).sum();
        assert_eq!(sum, if hours == 1 { 1_000 } else { 2_301 });
    }
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// Days are written some hundred wallets at a time. Where that ends among them, each row is still counted
/// once, and the next time goes on with the wallets that are left.
#[tokio::test(flavor = "multi_thread")]
async fn goes_on_where_it_was_interrupted() {
    const WALLETS: usize = 700;
    let key = |n: usize| wallet(&format!("bob/silver/r{n}"));
    let store = Store::new();
    store.fresh().await.close().await;
    let snapshots = || Connection::open(store.path().join("snapshots.db")).unwrap();
    // The last wallet that is further than others, and its last row.
    let ahead = || {
        let sql = "select value from meta where name = 'usage_ahead'";
        let bytes = snapshots().query_row(sql, [], |row| row.get::<_, [u8; 48]>(0)).ok()?;
        let number = |from: usize| u64::from_be_bytes(bytes[from..from + 8].try_into().unwrap());
        Some((number(0), number(8)))
    };
    let consume = async |opened: &Opened, name: &str| {
        let items = (0..WALLETS).map(|n| item(&key(n), name, "1")).collect();
        opened.world.done(Work::ConsumeBatch(items)).await;
    };
    let expect = async |opened: &Opened, expected: &str| {
        for n in [0, 255, 256, 399, 400, 401, WALLETS - 1] {
            let query = UsageQuery {
                wallet: key(n),
                buckets: vec![instant("2020-01-01")],
                from: instant("2020-01-01"),
                until: instant("2040-01-01"),
                group_by: Vec::new(),
            };
            let told = opened.ledger.usage(query).await.unwrap().unwrap();
            assert_eq!(told[0].total, credits(expected), "{n}");
        }
    };

    let opened = store.opened_with(by_hand).await;
    consume(&opened, "first").await;
    opened.ledger.write_behind();
    assert_eq!(ahead(), None);
    let numbers = "select wallet from usage_days order by wallet limit 1 offset 400";
    let number: u64 = snapshots().query_row(numbers, [], |row| row.get(0)).unwrap();
    let disturb = format!(
        "pragma busy_timeout = 5000;
         create trigger disturbs before update on usage_days when new.wallet >= {number}
         begin select raise(abort, 'disturbed'); end"
    );
    snapshots().execute_batch(&disturb).unwrap();

    consume(&opened, "second").await;
    opened.ledger.write_behind();
    let interrupted = ahead().expect("it was interrupted");
    assert_eq!(interrupted.0, number - 400 + 255);
    expect(&opened, "2").await;
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();

    let opened = store.opened_with(by_hand).await;
    consume(&opened, "third").await;
    opened.ledger.write_behind();
    assert_eq!(ahead(), Some(interrupted), "it goes on there, and no further");
    expect(&opened, "3").await;
    // After a kill likewise.
    drop(opened);
    let opened = store.opened_with(by_hand).await;
    expect(&opened, "3").await;
    snapshots().execute_batch("pragma busy_timeout = 5000; drop trigger disturbs").unwrap();
    opened.ledger.write_behind();
    assert_eq!(ahead(), None);
    expect(&opened, "3").await;
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// What is damaged is told from the rows, found by `verify`, and made again by the next start.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_and_tells_nothing_wrong() {
    let damages: [(&str, &str, &str); 8] = [
        (
            "a flipped bit",
            "update usage_days set hours = cast(x'ff' || substr(hours, 2) as blob)",
            "seal",
        ),
        ("a piece of another kind", "update usage_days set sets = 7", "usage of wallet"),
        ("no days", "delete from usage_days", "its usage is not what its rows add up to"),
        (
            "one day less",
            "delete from usage_days where day = (select max(day) from usage_days)",
            "its usage is not what its rows add up to",
        ),
        (
            "another wallet's",
            "update usage_days set wallet = wallet + 10 where day = (select max(day) from usage_days)",
            "usage",
        ),
        (
            "a reach before the last rows",
            "update meta set value = zeroblob(40) where name = 'usage'",
            "its usage is not what its rows add up to",
        ),
        ("no reach", "update meta set value = zeroblob(4) where name = 'usage'", "4 byte blob"),
        (
            "no wallet up to which all are further",
            "insert into meta (name, value) values ('usage_ahead', zeroblob(4))",
            "4 byte blob",
        ),
    ];
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(by_hand).await;
    live(&opened.world, &mut Chance(7), 0).await;
    let questions = questions(7);
    let expected = answers(opened.ledger.as_ref(), &questions).await;
    opened.close().await;
    for (what, sql, found) in damages {
        let damaged = store.copied_whole();
        let connection = rusqlite::Connection::open(damaged.path().join("snapshots.db")).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0, "{what}");
        drop(connection);
        let told = verify(damaged.path(), |_, _| {}).unwrap_err().to_string();
        assert!(told.starts_with("snapshots.db: ") && told.contains(found), "{what}: {told}");
        if ["seal", "4 byte blob"].contains(&found) {
            let opened = damaged.opened_with(by_hand).await;
            check(&answers(opened.ledger.as_ref(), &questions).await, &expected, &questions);
            opened.close().await;
            let opened = damaged.opened_with(by_hand).await;
            opened.ledger.write_behind();
            check(&answers(opened.ledger.as_ref(), &questions).await, &expected, &questions);
            opened.close().await;
            verify(damaged.path(), |_, _| {}).unwrap();
        }
    }
}
