//! Damage of what is written behind the rows, in a whole directory: `verify` names the file and
//! the place.

use std::path::Path;

use rusqlite::{Connection, params};
use scrip_ledger::Work;
use scrip_ledger::conformance::{instant, item, wallet};
use scrip_ledger::embedded::verify;

use super::store::Store;

/// Two wallets whose names fill a slice and more; made once.
pub async fn sliced() -> Store {
    static MADE: tokio::sync::OnceCell<Store> = tokio::sync::OnceCell::const_new();
    MADE.get_or_init(make_sliced).await.copied_whole()
}

async fn make_sliced() -> Store {
    let store = Store::new();
    let opened = store.opened_with(|options| options.names_max = Some(16_384)).await;
    opened.world.populate(scrip_ledger::conformance::SANDBOX).await;
    opened.world.move_clock("2030-01-01").await;
    let due = |grant: &mut scrip_core::NewGrant| grant.expire_at = Some(instant("2031-01-02"));
    opened.world.grant_as(&wallet("ann/gold"), "main", "1000", due).await;
    for batch in 0..11 {
        let items = (0..1_000).map(|n| {
            let name = ["ann/gold", "bob/silver"][n % 2];
            item(&wallet(name), &format!("{batch}-{n}"), "0.1")
        });
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    opened.close().await;
    let verified = verify(store.path(), |_, _| {}).unwrap();
    assert_eq!((verified.wallets, verified.records, verified.slices), (2, 2, 1));
    store
}

fn found(store: &Store) -> String {
    verify(store.path(), |_, _| {}).unwrap_err().to_string()
}

fn sql(store: &Store) -> Connection {
    Connection::open(store.path().join("snapshots.db")).unwrap()
}

/// Flips a bit of a file.
pub fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

const ANN: &str = "x'00000002616e6e00676f6c6400'";

#[tokio::test]
async fn records_of_wallets() {
    let sound = sliced().await;
    let damage = |statement: &str| {
        let copy = sound.copied_whole();
        assert!(sql(&copy).execute(statement, []).unwrap() > 0, "{statement}");
        found(&copy)
    };
    let of_ann = format!("where key = {ANN}");
    let ann = "snapshots.db: wallet 1 (customer ann, currency gold): ";
    assert_eq!(
        damage(&format!(
            "update wallets set record = cast(x'02' || substr(record, 2) as blob) {of_ann}"
        ))
        .lines()
        .next_back(),
        Some(
            "snapshots.db: wallet 1 (customer ann, currency gold): it has no record, but a row \
              before 11003, up to which all have"
        ),
    );
    let other_instant = damage(&format!("update wallets set due_at = due_at + 1 {of_ann}"));
    assert_eq!(other_instant, format!("{ann}its record is listed as due at another instant"));
    let never = damage(&format!("update wallets set due_at = null {of_ann}"));
    assert_eq!(never, format!("{ann}its record is listed as due at another instant"));
    let elsewhere = damage(&format!("update wallets set environment = 9 {of_ann}"));
    assert_eq!(elsewhere, format!("{ann}its record is listed in environment 9"));
    let gone = damage(&format!("delete from wallets {of_ann}"));
    assert_eq!(
        gone,
        format!("{ann}it has no record, but a row before 11003, up to which all have")
    );
    let renamed = damage(&format!("update wallets set key = x'0000' {of_ann}"));
    assert!(renamed.starts_with("snapshots.db: a key cannot be read: "), "{renamed}");
    let moved = damage(&format!("update wallets set key = x'00000002657665006700' {of_ann}"));
    assert!(moved.contains("a wallet (customer eve, currency g): the record cannot be read"));
}

/// A record that is intact, and is not what the rows give.
#[tokio::test]
async fn records_of_another_time() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.consume(&wallet("ann/gold"), "a", "1").await;
    opened.close().await;
    let old: Vec<u8> =
        sql(&store).query_row("select record from wallets", [], |row| row.get(0)).unwrap();
    let of_another = store.copied_whole();
    let opened = store.opened().await;
    opened.world.consume(&wallet("ann/gold"), "b", "1").await;
    opened.close().await;
    sql(&store).execute("update wallets set record = ?1", params![old]).unwrap();
    let found_ = found(&store);
    assert!(found_.contains("its record has no row after sequence 2, but the wallet has one"));
    // The same key and sequence, another key of consumption.
    let opened = of_another.opened().await;
    opened.world.consume(&wallet("ann/gold"), "c", "2").await;
    opened.close().await;
    let other: Vec<u8> =
        sql(&of_another).query_row("select record from wallets", [], |row| row.get(0)).unwrap();
    sql(&store).execute("update wallets set record = ?1", params![other]).unwrap();
    let wrong = "snapshots.db: wallet 1 (customer ann, currency gold): its record is not what its \
                 rows add up to";
    assert_eq!(found(&store), wrong);
}

#[tokio::test]
async fn what_the_records_say_of_themselves() {
    let sound = sliced().await;
    let damage = |statement: &str| {
        let copy = sound.copied_whole();
        assert!(sql(&copy).execute(statement, []).unwrap() > 0, "{statement}");
        found(&copy)
    };
    let other = damage("update meta set value = zeroblob(16) where name = 'ledger_id'");
    assert_eq!(other, "snapshots.db: it is another ledger's");
    let newer = damage("update meta set value = 9 where name = 'format'");
    assert_eq!(newer, "snapshots.db: it has format 9");
    for name in ["whole", "newest"] {
        let ahead = format!(
            "update meta set value = cast(x'00000000000fffff' || substr(value, 9) as blob) where name = '{name}'"
        );
        let expected = "row 1048575 must be there, but the ledger ends at row 11003";
        assert!(damage(&ahead).contains(expected), "{name}");
        let hash = format!(
            "update meta set value = cast(substr(value, 1, 8) || zeroblob(32) as blob) where name = '{name}'"
        );
        let expected = "snapshots.db: row 11003 is not the one that was acknowledged";
        assert_eq!(damage(&hash), expected, "{name}");
    }
    let copy = sound.copied_whole();
    for name in ["snapshots.db", "snapshots.db-wal"] {
        std::fs::write(copy.path().join(name), "no database at all").unwrap();
    }
    assert!(found(&copy).starts_with("snapshots.db: "), "{}", found(&copy));
    let copy = sound.copied_whole();
    std::fs::write(copy.path().join("snapshots.damaged"), "").unwrap();
    assert_eq!(found(&copy), "snapshots.db: it was found to be damaged");
    let copy = sound.copied_whole();
    sql(&copy).execute_batch("drop index wallets_by_due").unwrap();
    assert!(found(&copy).starts_with("snapshots.db: "), "{}", found(&copy));
}

#[tokio::test]
async fn slices_and_columns() {
    let sound = sliced().await;
    let keys = |store: &Store, name: &str| store.path().join("keys").join(name);
    for (file, at, expected) in [
        ("0000000001.keys", 9, "keys/0000000001.keys: has the unknown format version"),
        ("0000000001.keys", 20, "keys/0000000001.keys: the header is not what was written"),
        ("0000000001.keys", 5_000, "keys/0000000001.keys: page 0 is not what was written"),
        ("0000000001.column", 200, "keys/0000000001.column: is not what was written"),
        ("0000000001.column", 70, "keys/0000000001.column: "),
        ("recent.keys", 5_000, "keys/recent.keys: page 0 is not what was written"),
        ("recent.keys", 60, "keys/recent.keys: the header is not what was written"),
    ] {
        let copy = sound.copied_whole();
        flip(&keys(&copy, file), at);
        let found = found(&copy);
        assert!(found.starts_with(expected) && found.lines().count() == 1, "{file} {at}: {found}");
    }
    let copy = sound.copied_whole();
    std::fs::rename(keys(&copy, "0000000001.keys"), keys(&copy, "0000000002.keys")).unwrap();
    let renamed = found(&copy);
    assert!(renamed.contains("keys/0000000001.keys: missing"), "{renamed}");
    assert!(renamed.contains("keys/0000000002.keys: is slice 1 under another name"), "{renamed}");
    let copy = sound.copied_whole();
    std::fs::remove_file(keys(&copy, "0000000001.column")).unwrap();
    assert!(found(&copy).starts_with("keys/0000000001.column: "), "{}", found(&copy));
}

/// The names of a slice that is intact are those of other rows.
#[tokio::test]
async fn names_that_no_row_has() {
    let sound = sliced().await;
    for (position, file) in [(100, "keys/0000000001.keys"), (10_900, "keys/recent.keys")] {
        let copy = sound.copied_whole();
        let rename = "update entries set name = zeroblob(16) where position = ?1";
        copy.sql().execute(rename, [position]).unwrap();
        let found = found(&copy);
        assert!(found.starts_with(&format!("entries {position}: its name is wrong\n")), "{found}");
        assert!(
            found.ends_with(&format!("{file}: the name of row {position} is missing")),
            "{found}"
        );
        let copy = sound.copied_whole();
        let forget = "update entries set name = null where position = ?1";
        copy.sql().execute(forget, [position]).unwrap();
        let found = verify(copy.path(), |_, _| {}).unwrap_err().to_string();
        let expected = format!("{file}: no row has the name that should be at row {position}");
        assert!(found.ends_with(&expected), "{found}");
    }
    let copy = sound.copied_whole();
    // The later of two rows has the other's name, which comes first in the file.
    let swap = "update entries set name = (select name from entries where position = 100)
                where position = (select min(position) from entries as other
                                  where other.position between 101 and 9000
                                    and other.name > (select name from entries
                                                      where position = 100))";
    copy.sql().execute(swap, []).unwrap();
    let found = verify(copy.path(), |_, _| {}).unwrap_err().to_string();
    assert!(found.contains("\nkeys/0000000001.keys: a name is at row 1"), "{found}");
    assert!(found.ends_with(", but here it is at row 100"), "{found}");
}

#[tokio::test]
async fn the_mark() {
    let sound = sliced().await;
    let copy = sound.copied_whole();
    copy.sql().execute("delete from entries where position > 11000", []).unwrap();
    let cut = found(&copy);
    let expected = "mark: row 11003 must be there, but the ledger ends at row 11000";
    assert!(cut.contains(expected), "{cut}");
    assert!(cut.contains("snapshots.db: row 11003 must be there"), "{cut}");
    let recent = "keys/recent.keys: row 11003 must be there, but the ledger ends at row 11000";
    assert!(cut.contains(recent), "{cut}");
    assert!(cut.contains("its record is at sequence 5502, its last row 5501"), "{cut}");
    let copy = sound.copied_whole();
    for at in [40, 4_136] {
        flip(&copy.path().join("mark"), at);
    }
    assert!(found(&copy).starts_with("mark: "), "{}", found(&copy));
    let other = Store::new();
    other.fresh().await.close().await;
    std::fs::copy(other.path().join("mark"), copy.path().join("mark")).unwrap();
    assert_eq!(found(&copy), "mark: it is another ledger's");
}

/// Everything is told, of each wallet only the first.
#[tokio::test]
async fn as_much_as_there_is() {
    let sound = sliced().await;
    let copy = sound.copied_whole();
    let damage = "update entries set row = zeroblob(40) where position in (100, 102, 201, 301)";
    copy.sql().execute(damage, []).unwrap();
    copy.sql().execute("delete from grants where ordinal = 1", []).unwrap();
    flip(&copy.path().join("keys/0000000001.keys"), 5_000);
    let found = found(&copy);
    let rows: Vec<_> = found.lines().filter(|line| line.starts_with("entries ")).collect();
    assert_eq!(rows.len(), 2, "{found}");
    assert!(
        rows[0].starts_with("entries 100: ") && rows[1].starts_with("entries 201: "),
        "{found}"
    );
    assert!(found.contains("keys/0000000001.keys: page 0"), "{found}");
    let copy = sound.copied_whole();
    copy.sql().execute("update entries set row = 'text'", []).unwrap();
    let all = verify(copy.path(), |_, _| {}).unwrap_err().to_string();
    assert_eq!(all.lines().filter(|line| line.starts_with("entries ")).count(), 20, "{all}");
    assert!(all.ends_with("and 10983 more"), "{all}");
}
