//! The two servers that are compared.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use scrip_api::{App, AppConfig, RandomIds};
use scrip_ledger::embedded::{Embedded, Options, verify};
use scrip_ledger::{Ledger, ProvidedKeys, bootstrap};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::connection::Connection;

/// The key of both servers.
pub const API_KEY: &str = "server-bench-0123456789abcdef";
/// The currency of the load; twenty characters.
pub const CURRENCY: &str = "bench-credits-000001";

/// An identifier of twenty characters.
pub fn customer_id(number: u32) -> String {
    format!("bench-customer-{number:05}")
}

/// A server with a durable ledger and one without any, with the same stack and runtime.
pub struct Servers {
    /// With a ledger.
    pub ledger: SocketAddr,
    /// Without.
    pub reference: SocketAddr,
    runtime: Runtime,
    embedded: Arc<Embedded>,
    directory: TempDir,
}

impl Servers {
    /// Starts both, and gives every wallet three grants.
    pub fn start(wallets: u32) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        // Beside the working directory: a temporary file system may be memory, which syncs for
        // nothing.
        let directory = tempfile::Builder::new().prefix("scrip-bench").tempdir_in(".")?;
        let embedded = Embedded::open(directory.path(), Options::default(), |_, _| {})?;
        let served: Arc<dyn Ledger> = embedded.clone();
        let keys = ProvidedKeys { production: Some(API_KEY.to_owned()), sandbox: None };
        runtime.block_on(bootstrap(served.as_ref(), keys, |_| Ok(())))?;
        let app = App::new(served, Arc::new(RandomIds), AppConfig::default());
        app.set_ready(true);
        let ledger = runtime.block_on(serve(scrip_api::router(app.clone())))?;
        let reference = runtime.block_on(serve(scrip_api::null_router(app)))?;
        runtime.block_on(fill(ledger, wallets))?;
        Ok(Self { ledger, reference, runtime, embedded, directory })
    }

    /// Stops, and recomputes all that was written.
    pub fn verify(self) -> anyhow::Result<u64> {
        self.runtime.block_on(self.embedded.close());
        let path: &Path = self.directory.path();
        Ok(verify(path, |_, _| {})?.rows)
    }
}

async fn serve(router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn fill(address: SocketAddr, wallets: u32) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let body = format!("{{\"id\":\"{CURRENCY}\",\"displayName\":\"Bench\"}}");
    connection.post("/api/v1/credits/custom-currencies", API_KEY, &body).await?;
    let numbers: Vec<u32> = (0..wallets).collect();
    for chunk in numbers.chunks(1_000) {
        let customers: Vec<_> = chunk
            .iter()
            .map(|number| {
                format!("{{\"id\":\"{}\",\"name\":\"B\",\"email\":null}}", customer_id(*number))
            })
            .collect();
        let body = format!("{{\"customers\":[{}]}}", customers.join(","));
        connection.post("/api/v1/customers/import", API_KEY, &body).await?;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..64 {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for number in (lane..wallets).step_by(64) {
                grant(&mut connection, number).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("filling")??;
    }
    if wallets == 0 {
        bail!("no wallets");
    }
    Ok(())
}

async fn grant(connection: &mut Connection, number: u32) -> anyhow::Result<()> {
    for priority in [10, 20, 30] {
        let body = format!(
            "{{\"customerId\":\"{}\",\"currencyId\":\"{CURRENCY}\",\"displayName\":\"Pack\",\
             \"grantType\":\"PROMOTIONAL\",\"priority\":{priority},\"amount\":100000}}",
            customer_id(number)
        );
        connection.post("/api/v1/credits/grants", API_KEY, &body).await?;
    }
    Ok(())
}
