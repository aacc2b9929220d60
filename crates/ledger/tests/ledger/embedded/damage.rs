//! Damage of every kind, done to the file itself: `verify` names the first wrong row, and a ledger
//! whose rows are wrong is not opened.

use rusqlite::{Connection, params};
use scrip_core::{Credits, Digest, Event, Row, genesis};
use scrip_ledger::conformance::{SANDBOX, instant, item, rows_of, wallet};
use scrip_ledger::embedded::{Embedded, OpenError, Options, verify};
use scrip_ledger::{CreatedRange, GrantQuery, Ledger as _, PageRequest, RecordKind, Start, Work};

use super::store::Store;

/// Two wallets, in turns: from position 6 to 23 the first has the even ones.
async fn sound() -> Store {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = &opened.world;
    let short = |grant: &mut scrip_core::NewGrant| grant.expire_at = Some(instant("2030-01-02"));
    world.grant_as(&wallet("ann/gold"), "short", "100", short).await;
    for n in 0..10 {
        for name in ["ann/gold", "bob/silver"] {
            world.consume(&wallet(name), &format!("k{n}"), "1").await;
        }
    }
    world.grant(&wallet("bob/silver"), "main", "50").await;
    world.move_clock("2030-01-05").await;
    world.consume(&wallet("ann/gold"), "late", "1").await;
    opened.close().await;
    let verified = verify(store.path(), |_, _| {}).unwrap();
    assert_eq!((verified.rows, verified.wallets, verified.grants), (30, 2, 4));
    store
}

/// Damages a copy and tells what `verify` finds first; the ledger is not opened either.
fn found(store: &Store, damage: impl FnOnce(&Connection)) -> String {
    let copy = store.copied();
    damage(&copy.sql());
    let found = verify(copy.path(), |_, _| {}).unwrap_err().to_string();
    let found = found.lines().next().unwrap().to_owned();
    match Embedded::open(copy.path(), Options::default(), |_, _| {}).err() {
        Some(OpenError::Damaged(finding)) => assert_eq!(finding.to_string(), found),
        other => panic!("{found}, and it was opened: {other:?}"),
    }
    found
}

/// The same of what stands beside the rows, without which a ledger is opened.
fn found_beside(store: &Store, damage: impl FnOnce(&Connection)) -> String {
    let copy = store.copied();
    damage(&copy.sql());
    verify(copy.path(), |_, _| {}).unwrap_err().to_string()
}

fn grants_of(customer: &str) -> GrantQuery {
    GrantQuery {
        environment: SANDBOX,
        customer: scrip_core::CustomerId::parse(customer).unwrap(),
        resource: None,
        currency: None,
        created: CreatedRange::default(),
        page: PageRequest { start: Start::Newest, limit: 100 },
    }
}

fn run(sql: &str) -> impl FnOnce(&Connection) {
    move |connection| assert!(connection.execute(sql, []).unwrap() > 0, "{sql}")
}

#[tokio::test]
async fn any_byte_of_a_row() {
    let store = sound().await;
    let row = bytes(&store.sql(), 10);
    for at in 0..row.len() {
        let found = found(&store, |connection| {
            let mut row = row.clone();
            row[at] ^= 0x10;
            put(connection, 10, &row);
        });
        assert!(found.starts_with("entries 10: "), "byte {at}: {found}");
    }
    let cut = found(&store, |connection| put(connection, 10, &row[..row.len() - 1]));
    assert!(cut.starts_with("entries 10: "), "{cut}");
    let text = found(&store, run("update entries set row = 'text' where position = 10"));
    assert!(text.starts_with("entries 10: "), "{text}");
}

#[tokio::test]
async fn rows_removed_swapped_or_moved() {
    let store = sound().await;
    let removed = |n: u32| run_owned(format!("delete from entries where position = {n}"));
    for (position, expected) in [
        (1, "entries 1: the row is missing"),
        (7, "entries 7: the row is missing"),
        (29, "entries 29: the row is missing"),
    ] {
        assert_eq!(found(&store, removed(position)), expected);
    }
    let swap = |one: u64, other: u64| {
        move |connection: &Connection| {
            let (first, second) = (bytes(connection, one), bytes(connection, other));
            put(connection, one, &second);
            put(connection, other, &first);
        }
    };
    // Two of one wallet, and two of different wallets.
    let hash = "the row's hash does not follow from its content and the row before";
    let swapped = found(&store, swap(8, 10));
    assert_eq!(swapped, format!("entries 8: {hash}"));
    assert_eq!(found(&store, swap(12, 13)), format!("entries 12: {hash}"));
    let of_another = "update entries set wallet = 2 where position = 10";
    assert_eq!(found(&store, run(of_another)), format!("entries 10: {hash}"));
    let of_nobody = "update entries set wallet = 77 where position = 10";
    let wallet = "entries 10: wallet 77 is not in the list of wallets";
    assert_eq!(found(&store, run(of_nobody)), wallet);
    let of_a_later = found(&store, |connection| {
        let row = bytes(connection, 8);
        put(connection, 10, &row);
    });
    assert_eq!(of_a_later, format!("entries 10: {hash}"), "a row twice");
}

#[tokio::test]
async fn columns_beside_a_row() {
    let store = sound().await;
    for column in ["previous", "previous_notable", "skip", "types"] {
        let damage = format!("update entries set {column} = {column} + 1 where position = 15");
        let links = "entries 15: its links to earlier rows are wrong";
        assert_eq!(found(&store, run_owned(damage)), links, "{column}");
    }
    // A start takes this one's word: names are not all in memory.
    let related = found_beside(&store, run("update entries set related = 3 where position = 15"));
    assert_eq!(related, "entries 15: its links to earlier rows are wrong");
    for name in ["null", "zeroblob(16)"] {
        let damage = format!("update entries set name = {name} where position = 15");
        assert_eq!(found(&store, run_owned(damage)), "entries 15: its name is wrong", "{name}");
    }
    let found_ = found(&store, run("update entries set sequence = 5 where position = 15"));
    assert!(found_.starts_with("entries 15: the table says sequence 5, the row "), "{found_}");
    for (column, value) in [("customer", "'eve'"), ("currency", "'lead'"), ("environment", "9")] {
        let damage = format!("update wallets set {column} = {value} where number = 2");
        let found = found(&store, run_owned(damage));
        assert!(found.starts_with("entries 4: the row's hash"), "{column}: {found}");
    }
    let gone = found(&store, run("delete from wallets where number = 2"));
    assert_eq!(gone, "entries 4: wallet 2 is not in the list of wallets");
}

/// No list shows what a flipped bit made of a row, a grant or a record, and no answer is repeated that
/// was never given.
#[tokio::test]
async fn nothing_is_served_whose_seal_is_broken() {
    let store = sound().await;
    for (table, place, column, value) in [
        ("entries", "position = 10", "types", "types + 64"),
        ("entries", "position = 10", "related", "related + 2"),
        ("grants", "ordinal = 1", "created_at", "created_at + 1024"),
        ("records", "id = 'ann'", "body", "body || ' '"),
        ("records", "id = 'ann'", "updated_at", "updated_at + 1024"),
        ("entries", "position = 10", "seal", "seal + 1"),
        ("grants", "ordinal = 1", "seal", "seal + 1"),
        ("records", "id = 'ann'", "seal", "seal + 1"),
    ] {
        let copy = store.copied();
        let damage = format!("update {table} set {column} = {value} where {place}");
        run_owned(damage)(&copy.sql());
        // What a start recomputes is told there; the rest by whoever reads it, and by `verify`.
        if Embedded::open(copy.path(), Options::default(), |_, _| {}).is_err() {
            continue;
        }
        let opened = copy.opened().await;
        let ledger = &opened.ledger;
        let told = match table {
            "entries" => ledger.rows(rows_of("ann")).await.map(drop),
            "grants" => ledger.grants(grants_of("ann")).await.map(drop),
            _ => ledger.record(SANDBOX, RecordKind::Customer, "ann").await.map(drop),
        };
        let told = told.err().map(|error| error.to_string()).unwrap_or_default();
        let broken = "its seal does not fit what it says";
        assert!(told.starts_with(table) && told.ends_with(broken), "{table}.{column}: {told}");
        opened.close().await;
        let found = verify(copy.path(), |_, _| {}).unwrap_err().to_string();
        assert!(found.starts_with(table), "{table}.{column}: {found}");
    }
}

/// The tables are well, but a list that is read through an index would lack what is there.
#[tokio::test]
async fn an_index_that_lacks_something() {
    let store = sound().await;
    for (index, table) in [
        ("grants_by_customer", "grants"),
        ("grants_by_id", "grants"),
        ("records_by_kind", "records"),
    ] {
        let found = found_beside(&store, |connection| {
            let sql = format!(
                "create index empty on {table} (ordinal) where false;
                 pragma writable_schema = on;
                 update sqlite_schema set rootpage =
                     (select rootpage from sqlite_schema where name = 'empty')
                 where name = '{index}';
                 delete from sqlite_schema where name = 'empty';"
            );
            connection.execute_batch(&sql).unwrap();
        });
        let lacks = format!("{table}: row 1 missing from index {index}");
        assert!(found.lines().any(|line| line == lacks), "{found}");
    }
}

#[tokio::test]
async fn forged_rows_whose_hashes_were_recomputed() {
    let store = sound().await;
    let richer = found(&store, |connection| {
        forge(connection, 10, |row| {
            row.balance_after = row.balance_after.plus(Credits::SMALLEST).unwrap();
        });
    });
    assert!(richer.starts_with("entries 10: the row says that the balance is "), "{richer}");
    let cheaper = found(&store, |connection| {
        forge(connection, 10, |row| {
            let Event::Consumed { legs } = &mut row.event else { panic!("no consumption") };
            legs[0].amount = Credits::SMALLEST;
        });
    });
    assert!(cheaper.starts_with("entries 10: the row says that the balance is "), "{cheaper}");
    let skipping = found(&store, |connection| forge(connection, 10, |row| row.sequence += 1));
    assert!(skipping.starts_with("entries 10: the table says sequence "), "{skipping}");
    let back = found(&store, |connection| {
        forge(connection, 10, |row| row.recorded_at = instant("2029-01-01"));
    });
    assert_eq!(back, "entries 10: the row is recorded before the row it follows");
    let too_much = found(&store, |connection| {
        forge(connection, 10, |row| {
            let Event::Consumed { legs } = &mut row.event else { panic!("no consumption") };
            legs[0].amount = Credits::whole(1_000);
        });
    });
    assert_eq!(too_much, "entries 10: a grant gives more than it has");
}

/// The facts with which a spent grant comes back are those with which it left.
#[tokio::test]
async fn a_spent_grant_that_comes_back_changed() {
    let store = Store::new();
    let opened = store.fresh().await;
    let spent = opened.world.grant(&wallet("ann/gold"), "spent", "1").await;
    opened.world.consume(&wallet("ann/gold"), "k", "1").await;
    opened.world.done(Work::VoidGrant(spent.grant.name.id)).await;
    opened.close().await;
    assert_eq!(verify(store.path(), |_, _| {}).unwrap().rows, 5);
    let forged = found_beside(&store, |connection| {
        forge(connection, 4, |row| {
            let Event::GrantReopened { grant } = &mut row.event else { panic!("no return") };
            grant.effective_at = instant("2029-01-01");
        });
    });
    let first = forged.lines().next();
    assert_eq!(first, Some("entries 4: its grant did not leave like that"));
}

#[tokio::test]
async fn records_of_grants() {
    let store = sound().await;
    // The first has ended, the second is bob's overdraft, the third lives.
    let removed = |n: u32| run_owned(format!("delete from grants where ordinal = {n}"));
    for (ordinal, position) in [(1, 1), (2, 4), (3, 24)] {
        let found = found_beside(&store, removed(ordinal));
        assert!(
            found.starts_with(&format!("entries {position}: its grant cred-grant-")),
            "{found}"
        );
        assert!(found.ends_with("has no record"), "{found}");
    }
    let again = "insert into grants select 9, environment, 'cred-grant-000000000000', customer,
                 resource, currency, created_at, facts, seal from grants where ordinal = 3";
    let found = found_beside(&store, run(again));
    assert!(found.contains("is of no grant"), "{found}");
    let changes = [
        "customer = 'eve'",
        "currency = 'lead'",
        "resource = 'r'",
        "created_at = created_at + 1",
        "environment = 1",
        "id = 'cred-grant-000000000000'",
    ];
    for change in changes {
        let damage = format!("update grants set {change} where ordinal = 3");
        let found = found_beside(&store, run_owned(damage));
        assert!(found.contains("grants: the record of cred-grant-"), "{change}: {found}");
    }
    let of_another = "update grants set facts = (select facts from grants where ordinal = 2)
                      where ordinal = 3";
    let found = found_beside(&store, run(of_another));
    assert!(found.contains("grants: the record of cred-grant-"), "{found}");
    let cut = found_beside(&store, run("update grants set facts = x'00' where ordinal = 3"));
    assert!(cut.starts_with("grants 3: facts"), "{cut}");
    // The words, found as they are written; and how the first one ended.
    let facts: Vec<u8> = store
        .sql()
        .query_row("select facts from grants where ordinal = 1", [], |row| row.get(0))
        .unwrap();
    let name = facts.windows(5).position(|bytes| bytes == b"short").unwrap();
    let mut unnoticed = Vec::new();
    for at in (name..name + 5).chain(0..facts.len()) {
        let copy = store.copied();
        let mut facts = facts.clone();
        facts[at] ^= 0x04;
        let sql = "update grants set facts = ?1 where ordinal = 1";
        copy.sql().execute(sql, [facts]).unwrap();
        if verify(copy.path(), |_, _| {}).is_ok() {
            unnoticed.push(at);
        }
    }
    // No row says that an invoice was paid elsewhere, and the ordinal is the column's.
    assert!(unnoticed.len() <= 2, "{unnoticed:?} of {}", facts.len());
}

#[tokio::test]
async fn kept_states() {
    let store = Store::new();
    let opened = store.fresh().await;
    for batch in 0..9 {
        let items = (0..1_000).map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    opened.close().await;
    let removed = |n: u32| run_owned(format!("delete from states where sequence = {n}"));
    for (sequence, position) in [(4_096, 4_096), (8_192, 8_192)] {
        let expected =
            format!("entries {position}: no state is kept at or after sequence {sequence}");
        assert_eq!(found_beside(&store, removed(sequence)), expected);
    }
    let all = found_beside(&store, run("delete from states"));
    assert!(all.starts_with("entries 4096: "), "{all}");
    let changed =
        "update states set state = cast(x'00' || substr(state, 2) as blob) where sequence = 8192";
    let expected =
        "entries 8192: the state kept after sequence 8192 is not what the rows add up to";
    assert_eq!(found_beside(&store, run(changed)), expected);
    let moved = "update states set position = 8191 where sequence = 8192";
    assert_eq!(found_beside(&store, run(moved)), expected);
    let more = "insert into states select wallet, 5000, 5000, state, seal from states limit 1";
    let expected = "states: wallet 1 has one after sequence 5000, where none is due";
    assert_eq!(found_beside(&store, run(more)), expected);
}

#[tokio::test]
async fn a_wallet_without_rows() {
    let store = sound().await;
    let listed = "insert into wallets values (3, 2, 'ann', 'lead', null)";
    assert_eq!(found_beside(&store, run(listed)), "wallets: 3 has no rows");
}

fn run_owned(sql: String) -> impl FnOnce(&Connection) {
    move |connection| run(&sql)(connection)
}

fn bytes(connection: &Connection, position: u64) -> Vec<u8> {
    let sql = "select row from entries where position = ?1";
    connection.query_row(sql, [position], |row| row.get(0)).unwrap()
}

fn put(connection: &Connection, position: u64, row: &[u8]) {
    let sql = "update entries set row = ?2 where position = ?1";
    assert_eq!(connection.execute(sql, params![position, row]).unwrap(), 1);
}

/// Changes a row of the first wallet and chains all its later rows anew, as somebody would who
/// knows how.
fn forge(connection: &Connection, position: u64, change: impl FnOnce(&mut Row)) {
    let sql = "select position from entries where wallet = 1 order by position";
    let mut statement = connection.prepare(sql).unwrap();
    let positions: Vec<u64> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut change = Some(change);
    let mut previous: Digest = genesis(&wallet("ann/gold"));
    for at in positions {
        let (mut row, hash) = Row::unpack(&bytes(connection, at)).unwrap();
        if at < position {
            previous = hash;
            continue;
        }
        if let Some(change) = change.take() {
            assert_eq!(at, position);
            change(&mut row);
        }
        let packed = row.pack(previous).unwrap();
        put(connection, at, &packed.bytes);
        previous = packed.hash;
    }
}

/// The log of events: what is not what was written, and what is missing in the middle.
#[tokio::test]
async fn of_events_is_named() {
    let store = sound().await;
    let beside = |sql: &str| {
        found_beside(&store, |file| assert_eq!(file.execute(sql, []).unwrap(), 1, "{sql}"))
    };
    for (sql, expected) in [
        ("update domain_events set body = 'text' where position = 4", "domain_events 4"),
        ("update domain_events set body = substr(body, 2) where position = 4", "domain_events 4"),
        ("update domain_events set kind = kind + 1 where position = 4", "domain_events 4"),
        ("update domain_events set environment = 7 where position = 4", "domain_events 4"),
        (
            "delete from domain_events where position = 4",
            "domain_events 5: it does not follow on 3",
        ),
    ] {
        let found = beside(sql);
        assert!(found.lines().any(|line| line.contains(expected)), "{sql}: {found}");
    }
}
