//! The two servers that are compared.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use scrip_api::{App, AppConfig, RandomIds};
use scrip_ledger::embedded::{Embedded, Options, verify};
use scrip_ledger::{Ledger, ProvidedKeys, bootstrap};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::filling::{API_KEY, fill};

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
        let app = runtime.block_on(app(served))?;
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
