//! The two servers that are compared.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use scrip_api::{App, AppConfig, RandomIds};
use scrip_ledger::embedded::{Embedded, Options, stats, verify};
use scrip_ledger::{Ledger, ProvidedKeys, bootstrap};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::workload::API_KEY;

/// A server with a durable ledger and one without any, with the same stack and runtime.
pub struct Server {
    /// With a ledger.
    pub ledger: SocketAddr,
    /// Without.
    pub reference: SocketAddr,
    /// The ledger.
    pub embedded: Arc<Embedded>,
    runtime: Runtime,
    directory: PathBuf,
}

impl Server {
    /// Serves the ledger of a directory, which is made if it is not there.
    pub fn start(directory: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let embedded = Embedded::open(directory, Options::default(), |_, _| {})
            .with_context(|| format!("opening a ledger in {}", directory.display()))?;
        let served: Arc<dyn Ledger> = embedded.clone();
        let app = runtime.block_on(app(served))?;
        let ledger = runtime.block_on(serve(scrip_api::router(app.clone())))?;
        let reference = runtime.block_on(serve(scrip_api::null_router(app)))?;
        Ok(Self { ledger, reference, embedded, runtime, directory: directory.to_owned() })
    }

    /// Runs something of the ledger's in the server's runtime.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// How many rows there are.
    pub fn rows(&self) -> anyhow::Result<u64> {
        Ok(stats(&self.directory)?.rows)
    }

    /// Stops.
    pub fn stop(self) {
        self.runtime.block_on(self.embedded.close());
        self.runtime.shutdown_background();
    }

    /// Stops, and recomputes all that was written.
    pub fn verify(self) -> anyhow::Result<u64> {
        let directory = self.directory.clone();
        self.stop();
        Ok(verify(&directory, |_, _| {})?.rows)
    }
}

/// The API of a ledger, with the key of the load.
pub async fn app(ledger: Arc<dyn Ledger>) -> anyhow::Result<App> {
    let keys = ProvidedKeys { production: Some(API_KEY.to_owned()), sandbox: None };
    bootstrap(ledger.as_ref(), keys, |_| Ok(())).await?;
    let app = App::new(ledger, Arc::new(RandomIds), AppConfig::default());
    app.set_ready(true);
    Ok(app)
}

/// Serves on a free port of the loopback.
pub async fn serve(router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
