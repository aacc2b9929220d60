//! The tables of a database: made once, by whoever comes first, and never those of another version.

use scrip_ledger::postgres::{Migrated, OpenError, Options, Postgres, migrate};
use tokio::runtime::Handle;

use super::server::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_the_tables_once() {
    let database = Database::make_empty().await;
    let starts = (0..6).map(|_| {
        let url = database.url.clone();
        tokio::task::spawn_blocking(move || migrate(&url, Handle::current()))
    });
    let mut applied = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        let Migrated { number, applied: count } = start.await.unwrap().unwrap();
        assert_eq!(number, 3);
        applied.push(count);
    }
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 0, 0, 3]);
}

async fn refused(database: &Database, migrate: bool) -> OpenError {
    let (url, runtime) = (database.url.clone(), Handle::current());
    let open = move || Postgres::open(&url, Options { migrate, ..Options::on(runtime) }).err();
    tokio::task::spawn_blocking(open).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_tables_are_refused_where_nothing_may_change() {
    let database = Database::make_empty().await;
    let error = refused(&database, false).await;
    assert!(matches!(error, OpenError::Behind { found: 0, known: 3 }), "{error}");
    let sql = "select count(*) from pg_namespace where nspname = 'scrip'";
    let made: i64 = database.connect().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(made, 0, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_tables_are_refused() {
    let database = Database::make().await;
    let url = database.url.clone();
    tokio::task::spawn_blocking(move || migrate(&url, Handle::current())).await.unwrap().unwrap();
    let sql = "insert into scrip.schema_migrations (number, name) values (7, 'of tomorrow')";
    database.connect().await.batch_execute(sql).await.unwrap();
    for migrate in [true, false] {
        let error = refused(&database, migrate).await;
        assert!(matches!(error, OpenError::Newer { found: 7, known: 3 }), "{error}");
    }
    let told = refused(&database, true).await.to_string();
    assert_eq!(
        told,
        "the tables are those of migration 7, and this version of Scrip knows them up to 3: a \
         newer version migrated the database. Use that one"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_says_so_without_the_password() {
    let open = |url: &'static str| {
        let runtime = Handle::current();
        let open = move || Postgres::open(url, Options::on(runtime)).err();
        async { tokio::task::spawn_blocking(open).await.unwrap().unwrap().to_string() }
    };
    for (url, told) in [
        ("postgres://ann:secret@127.0.0.1:1/scrip", "connecting to the database: "),
        ("mysql://ann:secret@127.0.0.1/scrip", "the database URL: "),
        ("mysql://ann:secret@127.0.0.1/scrip?sslmode=require", "the database URL: "),
        ("host=127.0.0.1 port=1 user=ann password=secret", "connecting to the database: "),
    ] {
        let error = open(url).await;
        assert!(error.starts_with(told), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
