//! `scrip serve`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use hyper_util::server::graceful::GracefulShutdown;
use scrip_api::{App, AppConfig, Users};
use scrip_console::portal::Origins;
use scrip_integrations::erasures::{self, Finisher};
use scrip_ledger::embedded::{Embedded, Options};
use scrip_ledger::postgres::{self, Postgres};
use scrip_ledger::{InitialKey, Ledger, ProvidedKeys, Settings, bootstrap};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::cli::{LogFormat, ServeOptions};
use crate::door::{Door, accept, accept_metrics};
use crate::progress::Progress;
use crate::traces::Traces;
use crate::{anchors, console, keys, payments, portal, traces, users, webhooks};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Connections at a time.
const CONNECTIONS_MAX: usize = 10_000;
/// The same of `/metrics`: whoever watches cannot keep out whoever is served.
const METRICS_CONNECTIONS_MAX: usize = 16;
/// What a stop caused by a failed commit exits with (`EX_SOFTWARE` of sysexits).
const EXIT_FAILED: u8 = 70;

/// Serves until a signal or a failure ends it.
pub fn run(options: ServeOptions) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let traces = traces::start(&options.traces, runtime.handle())?;
    start_logs(options.log_format, traces.as_ref());
    // A key belongs to one environment; the second would silently get none.
    if options.api_key.is_some() && options.api_key == options.sandbox_api_key {
        bail!("SCRIP_API_KEY and SCRIP_SANDBOX_API_KEY are the same; each environment has its own");
    }
    let tls = options.listening.tls()?;
    let users = users::of_api(&options.jwt)?;
    let origins = portal::origins(&options.portal)?;
    let result = runtime.block_on(serve(options, tls, users, origins, traces));
    // A stop while the ledger is being read does not wait for the end of the reading.
    runtime.shutdown_background();
    result
}

async fn serve(
    options: ServeOptions,
    tls: Option<TlsAcceptor>,
    users: Users,
    origins: Origins,
    traces: Option<Traces>,
) -> anyhow::Result<ExitCode> {
    // From the first moment on: a stop that comes early is a stop too.
    let mut stop = StopSignal::listen()?;
    // Before anything is opened: an address that is taken should cost nothing.
    let listener = listen(options.listening.listen).await?;
    let metrics_listener = match options.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let anchor_key = anchors::key(&options.anchors, &options.data.data)?;
    let (failed, mut failures) = mpsc::unbounded_channel();
    let ledger = tokio::select! {
        ledger = open(&options, failed) => ledger?,
        () = stop.received() => {
            tracing::info!("stopped while reading the ledger");
            return Ok(ExitCode::SUCCESS);
        }
    };
    make_keys(&options, ledger.as_ref()).await?;
    let addresses = webhooks::addresses(&options.webhooks);
    let collector = payments::start(&options.payments, &ledger);
    let config = AppConfig {
        requests_a_second: options.rate_limit,
        ignore_sdk_retries_in: options.ignore_sdk_retries.iter().map(|name| name.id()).collect(),
        webhook_urls: webhooks::url_check(&addresses),
        payments: payments::of_api(&collector),
        anchor_signing: anchors::signing(&options.anchors, anchor_key.as_ref()),
        users,
    };
    let app = App::new(Arc::clone(&ledger), traces::ids(traces.as_ref()), config);
    let address = listener.local_addr()?;
    let place = (address, tls.is_some());
    let router = scrip_api::router(app.clone());
    let beside = portal::mounted(&origins, router.clone());
    let router = console::mounted(&options.console, place, &ledger, router, beside)?;
    let mut router = portal::shared(origins, router);
    let teller = webhooks::start(&options.webhooks, addresses, &ledger)?;
    let anchorer = anchors::start(&options.anchors, anchor_key, &ledger);
    let finisher = Finisher::start(Arc::clone(&ledger), erasures::Options::default());
    let mut figures = webhooks::figures(&ledger, teller.as_ref());
    if let Some(traces) = &traces {
        router = traces.of_requests(router, tls.is_some());
        figures = traces.figures(figures);
    }
    let metrics = scrip_api::metrics_router(figures);
    app.set_ready(true);
    let noting = tokio::spawn(keys::note_uses(app.clone()));
    console::tell_first_owner(&options.console, place, ledger.as_ref()).await?;
    if let Some(listener) = &metrics_listener {
        tracing::info!(metrics_address = %listener.local_addr()?, "serving /metrics");
    }
    match options.database_url {
        Some(_) => tracing::info!(%address, "serving from a database"),
        None => tracing::info!(%address, data = %options.data.data.display(), "serving"),
    }
    let connections = GracefulShutdown::new();
    let taken_within = Duration::from_secs(options.stalled_seconds.into());
    let door = Door { router, tls, connections_max: CONNECTIONS_MAX, taken_within };
    let connections_max = METRICS_CONNECTIONS_MAX;
    let metrics = Door { router: metrics, tls: None, connections_max, taken_within };
    let failure = tokio::select! {
        () = accept(listener, door, &connections) => None,
        () = accept_metrics(metrics_listener, metrics, &connections) => None,
        () = stop.received() => None,
        // A database's nodes never end by themselves.
        Some(failure) = failures.recv() => Some(failure),
    };
    app.begin_stop();
    tracing::info!("stopping: answering what was accepted");
    let within = Duration::from_secs(options.stop_seconds);
    if tokio::time::timeout(within, connections.shutdown()).await.is_err() {
        tracing::warn!("some connections were cut: they did not end in time");
    }
    if let Some(teller) = teller {
        teller.stop(within).await;
    }
    collector.stop(within).await;
    if let Some(anchorer) = anchorer {
        anchorer.stop(within).await;
    }
    finisher.stop(within).await;
    noting.abort();
    keys::note_last_uses(&app).await;
    ledger.close().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    match failure {
        Some(reason) => {
            tracing::error!(reason, "stopped");
            Ok(ExitCode::from(EXIT_FAILED))
        }
        None => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(
    options: &ServeOptions,
    failed: mpsc::UnboundedSender<String>,
) -> anyhow::Result<Arc<dyn Ledger>> {
    match &options.database_url {
        Some(url) => Ok(open_database(options, url.clone()).await?),
        None => Ok(open_directory(options, failed).await?),
    }
}

const fn settings(options: &ServeOptions) -> Settings {
    Settings {
        auto_create_customers: options.auto_create_customers,
        custom_currencies_max: options.custom_currencies_max,
    }
}

async fn open_database(options: &ServeOptions, url: String) -> anyhow::Result<Arc<Postgres>> {
    let database_options = postgres::Options {
        settings: settings(options),
        lanes: usize::try_from(options.database_lanes)?,
        readers_max: usize::try_from(options.database_readers)?,
        queue_max: usize::try_from(options.queue_max)?,
        migrate: !options.no_migrate,
        names_kept: options.keys_kept_days.map(|days| HOUR * 24 * days),
        scrub_every: (options.scrub_hours > 0).then_some(HOUR * options.scrub_hours),
        ..postgres::Options::on(Handle::current())
    };
    Ok(tokio::task::spawn_blocking(move || Postgres::open(&url, database_options)).await??)
}

async fn open_directory(
    options: &ServeOptions,
    failed: mpsc::UnboundedSender<String>,
) -> anyhow::Result<Arc<Embedded>> {
    let ledger_options = Options {
        settings: settings(options),
        queue_max: usize::try_from(options.queue_max)?,
        on_failure: Box::new(move |reason| drop(failed.send(reason.to_owned()))),
        wallets_bytes_max: bytes_of(options.wallet_memory_mib)?,
        filter_bytes_max: bytes_of(options.filter_memory_mib)?,
        snapshots_every: Duration::from_secs(options.snapshot_every_seconds.into()),
        lag_rows_max: options.lag_rows_max.into(),
        usage_lag_rows_max: options.usage_lag_rows_max.into(),
        names_kept: options.keys_kept_days.map(|days| HOUR * 24 * days),
        scrub_every: (options.scrub_hours > 0).then_some(HOUR * options.scrub_hours),
        ..Options::default()
    };
    let directory = options.data.data.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let mut progress = Progress::of("Reading the ledger");
        Embedded::open(&directory, ledger_options, |done, all| progress.tell(done, all))
    });
    Ok(opened.await??)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

fn bytes_of(mebibytes: u32) -> anyhow::Result<usize> {
    Ok(usize::try_from(u64::from(mebibytes) << 20)?)
}

/// Makes what an empty store needs, and says where its keys are.
async fn make_keys(options: &ServeOptions, ledger: &dyn Ledger) -> anyhow::Result<()> {
    let provided = ProvidedKeys {
        production: options.api_key.clone(),
        sandbox: options.sandbox_api_key.clone(),
    };
    let directory = &options.data.data;
    let kept: Mutex<Vec<InitialKey>> = Mutex::default();
    bootstrap(ledger, provided, |keys| {
        keys::keep(directory, keys)?;
        kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(keys);
        Ok(())
    })
    .await?;
    let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !kept.is_empty() {
        keys::tell(directory, &kept);
    }
    Ok(())
}

/// SIGTERM, or SIGINT from a terminal.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn start_logs(format: LogFormat, traces: Option<&Traces>) {
    let filter = EnvFilter::try_from_env("SCRIP_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let logs = match format {
        LogFormat::Text => logs.boxed(),
        LogFormat::Json => logs.json().flatten_event(true).boxed(),
    };
    let everything = tracing_subscriber::registry();
    match traces {
        // What is not logged is nothing.
        None => everything.with(logs).with(filter).init(),
        Some(traces) => everything.with(logs.with_filter(filter)).with(traces.layer()).init(),
    }
}
