//! Damage of every kind, done to the tables: `verify` names what is wrong.

use std::sync::Arc;

use scrip_ledger::conformance::{item, reserve_of, wallet};
use scrip_ledger::postgres::Verified;
use scrip_ledger::{Ledger as _, Work};
use tokio_postgres::Client;

use super::nodes::Nodes;
use super::server::{Database, is_distributed};

/// Two wallets, one of them with a reservation, and so many consumptions of the other.
async fn sound(consumptions: usize) -> Database {
    let Nodes { world, nodes, database } = Nodes::new(1).await;
    for name in ["ann/gold", "bob/silver"] {
        world.grant(&wallet(name), "main", "9000").await;
    }
    for n in 0..3 {
        world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
    }
    world.done(Work::Reserve(Box::new(reserve_of(&wallet("ann/gold"), "job", "5")))).await;
    let items = (0..consumptions).map(|n| item(&wallet("bob/silver"), &format!("b{n}"), "1"));
    for batch in items.collect::<Vec<_>>().chunks(1_000) {
        world.done(Work::ConsumeBatch(batch.to_vec())).await;
    }
    nodes[0].close().await;
    drop((world, nodes));
    Arc::into_inner(database).unwrap()
}

/// What can be damaged.
const TABLES: [&str; 8] =
    ["entries", "names", "wallets", "states", "grants", "records", "record_keys", "domain_events"];

/// What is done to the tables, and what is found then; numbers do not matter. The sequences come last:
/// they are not set right again.
const DAMAGES: &[(&str, &str)] = &[
    (
        "update entries set row = set_byte(row, 30, get_byte(row, 30) # 1) where AS_THIRD",
        "entries #: the row's hash does not follow from its content and the row before",
    ),
    (
        "update entries set row = substr(row, 1, length(row) - 1) where AS_THIRD",
        "entries #: the row's content cannot be read",
    ),
    (
        "update entries set seal = seal # 1 where AS_THIRD",
        "entries #: its seal does not fit what it says",
    ),
    (
        "update entries set sequence = 4 where AS_THIRD",
        "entries #: the table says sequence #, the row #",
    ),
    (
        "update entries set previous = 0 where AS_THIRD",
        "entries #: its links to earlier rows are wrong",
    ),
    ("update entries set skip = -1 where AS_THIRD", "column skip: -#"),
    ("update entries set name = null where AS_THIRD", "entries #: its name is wrong"),
    (
        "update entries set wallet = 0 where AS_THIRD",
        "entries #: wallet # is not in the list of wallets",
    ),
    (
        "update entries set wallet = WALLET_OF_BOB where AS_THIRD",
        "entries #: wallet # is not in the list of wallets",
    ),
    (
        "delete from entries where AS_THIRD",
        "entries #: the row's hash does not follow from its content and the row before",
    ),
    (
        "delete from entries where wallet = WALLET_OF_ANN and sequence = 5",
        "entries #: the row's hash does not follow from its content and the row before",
    ),
    ("update entries set bucket = 1024 where AS_THIRD", "a row lies in a bucket that nobody has"),
    (
        "update names set position = position + 1 where POSITION_THIRD",
        "names: one leads to row #, which has another or is missing",
    ),
    ("delete from names where POSITION_THIRD", "entries #: its name does not lead to it"),
    (
        "insert into names select bucket, '\\x00', position, 0 from names where POSITION_THIRD",
        "names: one leads to row #, which has another or is missing",
    ),
    (
        "update wallets set slot = set_byte(slot, 9, get_byte(slot, 9) # 1) where OF_ANN",
        "wallet # (customer ann, currency gold): it is not what its rows add up to",
    ),
    (
        "update wallets set sequence = sequence + 1 where OF_ANN",
        "wallet # (customer ann, currency gold): it is listed with another number of rows",
    ),
    (
        "update wallets set due_at = null where OF_ANN",
        "wallet # (customer ann, currency gold): it is listed as due at another instant",
    ),
    (
        "update wallets set number = number + 9 where OF_ANN",
        "entries #: wallet # is not in the list of wallets",
    ),
    (
        "update wallets set customer = 'eve' where OF_ANN",
        "entries #: the row's hash does not follow from its content and the row before",
    ),
    ("delete from wallets where OF_ANN", "entries #: wallet # is not in the list of wallets"),
    (
        "update grants set facts = set_byte(facts, 9, get_byte(facts, 9) # 1) where OF_ANN",
        "grants: the record of cred-grant-hn# does not say what its columns say",
    ),
    (
        "update grants set currency = 'silver' where OF_ANN",
        "grants: the record of cred-grant-hn# does not say what its columns say",
    ),
    (
        "update grants set customer = 'bob' where OF_ANN",
        "grants: the record of cred-grant-hn# does not say what its columns say",
    ),
    ("delete from grants where OF_ANN", "entries #: its grant cred-grant-hn# has no record"),
    ("update records set kind = 99 where id = 'ann'", "records #: its kind"),
    ("update records set body = '[]' where id = 'ann'", "records #: its body"),
    (
        "update records set bucket = bucket # 1 where id = 'ann'",
        "records #: it lies in another bucket",
    ),
    ("delete from records where id = 'ann'", "wallets: # is of a customer without a record"),
    (
        "update record_keys set value = 'x' where ordinal = FIRST_ORDINAL",
        "records #: it cannot be listed by what it says",
    ),
    (
        "update domain_events set kind = 99 where position = FIRST_EVENT",
        "domain_events #: it is listed as of another kind",
    ),
    ("update domain_events set body = '\\x00'", "domain_events #: the body cannot be read"),
    ("update domain_events set bucket = bucket # 1", "domain_events #: it lies in bucket #"),
    ("select setval('entry_position', 3)", "the sequence entry_position is at #, and # is in use"),
    ("select setval('grant_ordinal', 1)", "the sequence grant_ordinal is at #, and # is in use"),
];

/// The same of kept states.
const DAMAGED_STATES: &[(&str, &str)] = &[
    (
        "update states set state = set_byte(state, 9, get_byte(state, 9) # 1)",
        "entries #: the state kept after sequence # is not what the rows add up to",
    ),
    (
        "update states set seal = seal # 1",
        "entries #: the state kept after sequence #: its seal does not fit what it says",
    ),
    (
        "update states set sequence = sequence + 1",
        "entries #: no state is kept at or after sequence #",
    ),
    ("delete from states", "entries #: no state is kept at or after sequence #"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_damaged_is_found() {
    let sound = sound(2).await;
    let verified = sound.verify().await.unwrap();
    let Verified { rows, wallets, grants, .. } = verified;
    assert_eq!((rows, wallets, grants), (10, 2, 2), "{verified:?}");
    find_all(&sound, DAMAGES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_states_are_found() {
    let sound = sound(4_100).await;
    let verified = sound.verify().await.unwrap();
    assert_eq!(verified.rows, 4_108, "{verified:?}");
    find_all(&sound, DAMAGED_STATES).await;
}

async fn find_all(sound: &Database, damages: &[(&str, &str)]) {
    let client = sound.connect().await;
    client.batch_execute("create schema before; set search_path = scrip").await.unwrap();
    for table in TABLES {
        let keep = format!("create table before.{table} as table scrip.{table}");
        client.batch_execute(&keep).await.unwrap();
    }
    let named = named(&client).await;
    for (damage, expected) in damages {
        let done = client.batch_execute(&sql(damage, &named)).await;
        if is_distributed() && damage.contains("set bucket") && done.is_err() {
            // Citus itself refuses to change what a row is distributed by.
            continue;
        }
        done.unwrap();
        let Err(found) = sound.verify().await else { panic!("{damage}: nothing is found") };
        let is_found = found.lines().any(|line| without_numbers(line) == *expected);
        assert!(is_found, "{damage}: {found}, not: {expected}");
        for table in TABLES {
            let undo = format!("delete from {table}; insert into {table} table before.{table}");
            client.batch_execute(&undo).await.unwrap();
        }
    }
}

/// The shorthands of the table that stand for what is stored, and that. They are looked up before anything
/// is damaged: where tables are distributed, no statement looks into one to change another.
async fn named(client: &Client) -> [(&'static str, i64); 5] {
    let number = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let of_ann = number("select number from wallets where customer = 'ann'").await;
    let third = format!("select position from entries where wallet = {of_ann} and sequence = 3");
    [
        ("POSITION_OF_THIRD", number(&third).await),
        ("WALLET_OF_ANN", of_ann),
        ("WALLET_OF_BOB", number("select number from wallets where customer = 'bob'").await),
        ("FIRST_ORDINAL", number("select min(ordinal) from record_keys").await),
        ("FIRST_EVENT", number("select min(position) from domain_events").await),
    ]
}

/// What is done, without shorthands.
fn sql(damage: &str, named: &[(&str, i64)]) -> String {
    let sql = damage
        .replace("POSITION_THIRD", "position = POSITION_OF_THIRD")
        .replace("AS_THIRD", "wallet = WALLET_OF_ANN and sequence = 3");
    let sql = named.iter().fold(sql, |sql, (name, value)| sql.replace(name, &value.to_string()));
    sql.replace("OF_ANN", "customer = 'ann'")
}

fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            other => plain.push(other),
        }
    }
    plain
}
