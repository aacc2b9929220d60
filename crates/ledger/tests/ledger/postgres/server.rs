//! Databases of the server that the tests run beside.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use scrip_ledger::postgres::{Verified, distribute, verify};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

/// A database of a test's own, which goes with it.
pub struct Database {
    /// Where it is.
    pub url: String,
    name: String,
}

impl Database {
    /// An empty one; with its tables, distributed over workers, where the tests run beside a coordinator.
    pub async fn make() -> Self {
        if !is_distributed() {
            return Self::make_empty().await;
        }
        let template = distributed().await;
        let database = Self::named(Self::new_name());
        for url in servers() {
            let server = connect(&url).await;
            let copy = format!("create database {} template {template}", database.name);
            alone_in(&server, &template, &copy).await;
        }
        database
    }

    /// One without tables. Beside a coordinator it is known to the workers.
    pub async fn make_empty() -> Self {
        Self::make_as(Self::new_name()).await
    }

    async fn make_as(name: String) -> Self {
        for url in servers() {
            let server = connect(&url).await;
            let drop = format!("drop database if exists {name} with (force)");
            server.batch_execute(&drop).await.unwrap();
            server.batch_execute(&format!("create database {name}")).await.unwrap();
        }
        let database = Self::named(name);
        if is_distributed() {
            database.introduce().await;
        }
        database
    }

    fn new_name() -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("test_{}_{number}", std::process::id())
    }

    fn named(name: String) -> Self {
        Self { url: of_database(&server_url(), &name), name }
    }

    /// Makes the servers of a cluster known to each other, as whoever runs one does.
    async fn introduce(&self) {
        for url in servers() {
            let server = connect(&of_database(&url, &self.name)).await;
            server.batch_execute("create extension citus").await.unwrap();
        }
        let own = port_of(&server_url());
        let coordinator = self.connect().await;
        let own = format!("select citus_set_coordinator_host('127.0.0.1', {own})");
        coordinator.batch_execute(&own).await.unwrap();
        for port in workers() {
            let add = format!("select citus_add_node('127.0.0.1', {port})");
            // One in a transaction of its own; a worker that is busy may refuse.
            let mut tries = 0;
            while let Err(error) = coordinator.batch_execute(&add).await {
                tries += 1;
                assert!(tries < 20, "{error:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Connections of the test's own to the database on each worker, which show its shards.
    pub async fn connect_to_workers(&self) -> Vec<Client> {
        let mut clients = Vec::new();
        for url in servers().iter().skip(1) {
            let client = connect(&of_database(url, &self.name)).await;
            let show = "set citus.show_shards_for_app_name_prefixes = '*'";
            client.batch_execute(show).await.unwrap();
            clients.push(client);
        }
        clients
    }

    /// Where rows are stored: the table, or where the tests run beside a coordinator its shards on each
    /// worker, with a connection that may change them.
    pub async fn tables_of_entries(&self) -> Vec<(Client, Vec<String>)> {
        if !is_distributed() {
            return vec![(self.connect().await, vec!["scrip.entries".to_owned()])];
        }
        let mut tables = Vec::new();
        for worker in self.connect_to_workers().await {
            let change = "set citus.enable_manual_changes_to_shards = on;
                          set citus.enable_ddl_propagation = off";
            worker.batch_execute(change).await.unwrap();
            let shards = "select oid::regclass::text from pg_class
                          where relnamespace = 'scrip'::regnamespace and relkind = 'r'
                              and relname ~ '^entries_[0-9]+$'";
            let shards = worker.query(shards, &[]).await.unwrap();
            tables.push((worker, shards.iter().map(|shard| shard.get(0)).collect()));
        }
        tables
    }

    /// Recomputes all of it: what was verified, or what is wrong.
    pub async fn verify(&self) -> Result<Verified, String> {
        let (url, runtime) = (self.url.clone(), Handle::current());
        let verify = move || verify(&url, runtime, |_, _| {}).map_err(|error| error.to_string());
        tokio::task::spawn_blocking(verify).await.unwrap()
    }

    /// A connection of the test's own to it.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // The test's own runtime is at work here, or gone.
        let gone = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                for url in servers() {
                    let server = connect(&url).await;
                    let drop = format!("drop database {name} with (force)");
                    let _ = server.batch_execute(&drop).await;
                }
            });
            std::io::Result::Ok(())
        });
        let _ = gone.join();
    }
}

/// Whether the tests run beside a coordinator, which distributes their tables over workers.
pub fn is_distributed() -> bool {
    !workers().is_empty()
}

/// The name of a distributed database that those of tests are copies of, on every server of the cluster: to
/// distribute one takes seconds. The first test of a build that comes makes it.
async fn distributed() -> String {
    // Another build may have other tables.
    let built = std::env::current_exe().unwrap().metadata().unwrap().modified().unwrap();
    let built = built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let name = format!("template_{built}");
    let coordinator = connect(&server_url()).await;
    coordinator.batch_execute("select pg_advisory_lock(7363)").await.unwrap();
    let is_there = "select count(*) from pg_database where datname = $1";
    let is_there: i64 = coordinator.query_one(is_there, &[&name]).await.unwrap().get(0);
    if is_there == 0 {
        let making = Database::make_as(format!("making_{built}")).await;
        let (url, runtime) = (making.url.clone(), Handle::current());
        let distribute = move || distribute(&url, runtime);
        tokio::task::spawn_blocking(distribute).await.unwrap().unwrap();
        // The coordinator's is the last: where it is, all are.
        for url in servers().iter().rev() {
            let server = connect(url).await;
            let drop = format!("drop database if exists {name} with (force)");
            server.batch_execute(&drop).await.unwrap();
            let rename = format!("alter database {} rename to {name}", making.name);
            alone_in(&server, &making.name, &rename).await;
        }
    }
    coordinator.batch_execute("select pg_advisory_unlock(7363)").await.unwrap();
    name
}

/// Runs a statement that nobody may be connected to a database for. The server's own process that looks
/// after it comes back now and then.
async fn alone_in(server: &Client, database: &str, sql: &str) {
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    let mut tries = 0;
    loop {
        server.query(end, &[&database]).await.unwrap();
        match server.batch_execute(sql).await {
            Ok(()) => return,
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && tries < 50 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The server that the tests run beside.
fn server_url() -> String {
    std::env::var("SCRIP_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("these tests need a PostgreSQL server: scripts/postgres -- cargo test ...")
    })
}

/// The ports of the workers, where the tests run beside a coordinator: `scripts/citus`.
pub fn workers() -> Vec<String> {
    let ports = std::env::var("SCRIP_TEST_CITUS_WORKERS").unwrap_or_default();
    ports.split_whitespace().map(str::to_owned).collect()
}

/// All servers that the tests run beside, the one that nodes connect to first.
fn servers() -> Vec<String> {
    let first = server_url();
    let own = port_of(&first);
    let workers = workers();
    let of_worker = |port: &String| first.replacen(&format!(":{own}/"), &format!(":{port}/"), 1);
    std::iter::once(first.clone()).chain(workers.iter().map(of_worker)).collect()
}

fn port_of(url: &str) -> String {
    let (front, _) = url.rsplit_once('/').unwrap();
    front.rsplit_once(':').unwrap().1.to_owned()
}

fn of_database(server: &str, name: &str) -> String {
    let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
    assert!(url.contains(name), "another URL than scripts/postgres gives: {url}");
    url
}
