//! Databases of the server that the tests run beside.

use std::sync::atomic::{AtomicU32, Ordering};

use scrip_ledger::postgres::{Verified, verify};
use tokio::runtime::Handle;
use tokio_postgres::{Client, NoTls};

/// A database of a test's own, which goes with it.
pub struct Database {
    /// Where it is.
    pub url: String,
    name: String,
}

impl Database {
    /// An empty one.
    pub async fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let server = connect(&server_url()).await;
        server
            .batch_execute(&format!("drop database if exists {name} with (force)"))
            .await
            .unwrap();
        server.batch_execute(&format!("create database {name}")).await.unwrap();
        let url = server_url().replacen("/postgres?", &format!("/{name}?"), 1);
        assert!(url.contains(&name), "another URL than scripts/postgres gives: {url}");
        Self { url, name }
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
                let server = connect(&server_url()).await;
                let _ = server.batch_execute(&format!("drop database {name} with (force)")).await;
            });
            std::io::Result::Ok(())
        });
        let _ = gone.join();
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
