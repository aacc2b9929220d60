//! The command line. Every option of `serve` can also be set as a `SCRIP_*` variable.

mod anchors;
mod backup;
mod console;
mod portal;
mod traces;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scrip_core::EnvironmentId;
use scrip_integrations::webhooks::IpNet;
use scrip_ledger::Place;

use crate::client::ClientCommand;
use crate::completions::{CompletionsOptions, ManOptions};
use crate::listening::ListenOptions;
pub use anchors::{AnchorCommand, AnchorOptions, KeyFileOptions};
pub use backup::{BackupManner, BackupOptions, RestoreOptions};
pub use console::ConsoleOptions;
pub use portal::PortalOptions;
pub use traces::TraceOptions;

/// A terabyte: a larger number is a slip.
const MEBIBYTES_MAX: i64 = 1 << 20;

/// A self-hosted credits engine that speaks the Stigg credits API.
#[derive(Parser)]
#[command(name = "scrip", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API from a data directory, or from a PostgreSQL database.
    Serve(Box<ServeOptions>),
    /// Make the tables of a PostgreSQL database, or bring them up to this version. Any number may run
    /// at once; nodes that serve do it by themselves.
    Migrate(MigrateOptions),
    /// Recompute every chain, balance and grant of a data directory or a database, which may be in
    /// use. Exits with 1 and names the first thing that is wrong.
    Verify(VerifyOptions),
    /// Copy a whole store from a data directory to a PostgreSQL database, or back, into an empty one,
    /// and prove that both hold the same. Stop whoever serves the source. A copy that was interrupted
    /// goes on where it was.
    Copy(CopyOptions),
    /// Copy a data directory, which may be in use, as of one moment, and verify the copy. A backup
    /// that was interrupted is none.
    Backup(BackupOptions),
    /// Make a data directory of a backup, which is verified first. It goes on from where the backup
    /// ends.
    Restore(RestoreOptions),
    /// Say how large a data directory is, how far its files are behind, what a start would cost and
    /// what happened to it. It may be in use; nothing is written.
    Stats(StatsOptions),
    /// Make again what is made from the ledger: the wallets' snapshots and the slices of names.
    Rebuild(RebuildOptions),
    /// Say whether a data directory lost rows that were acknowledged, and exit with 1 if it did.
    Recover(RecoverOptions),
    /// Ask a running server.
    #[command(flatten)]
    Client(ClientCommand),
    /// Fill a running server with a believable month of customers, grants and consumption.
    Demo(DemoOptions),
    /// Measure: rates, latencies, starts, memory and files, each beside a reference from the same run.
    #[command(subcommand)]
    Bench(Box<scrip_bench::Subject>),
    /// What concerns the key that signs anchors.
    #[command(subcommand)]
    Anchor(AnchorCommand),
    /// What concerns the system clock.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Write what completes this command line in a shell, for it to read.
    Completions(CompletionsOptions),
    /// Write manual pages.
    Man(ManOptions),
}

/// What concerns the system clock.
#[derive(Subcommand)]
pub enum ClockCommand {
    /// Accept that the system clock leapt ahead: expiries follow it again.
    Accept(DataOptions),
}

/// Options of `serve`.
#[derive(Args)]
pub struct ServeOptions {
    /// Where connections are taken.
    #[command(flatten)]
    pub listening: ListenOptions,
    /// Where everything is kept; made if it does not exist.
    #[command(flatten)]
    pub data: DataOptions,
    /// A PostgreSQL database to keep everything in, instead of a directory:
    /// `postgres://user:password@host:port/database`. Any number of nodes may serve from one. Only the
    /// file with the first keys goes to the data directory then.
    #[arg(long, env = "SCRIP_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Refuse a database whose tables are older than this version, instead of changing them.
    #[arg(long, env = "SCRIP_NO_MIGRATE", requires = "database_url")]
    pub no_migrate: bool,
    /// Transactions that this node carries out at a time in the database: so many connections write.
    #[arg(long, env = "SCRIP_DATABASE_LANES", default_value_t = 4, requires = "database_url",
          value_parser = clap::value_parser!(u32).range(1..=64))]
    pub database_lanes: u32,
    /// Connections that this node reads with at most.
    #[arg(long, env = "SCRIP_DATABASE_READERS", default_value_t = 8, requires = "database_url",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    pub database_readers: u32,
    /// Key for the environment `production`, instead of a random one.
    #[arg(long, env = "SCRIP_API_KEY", hide_env_values = true, value_parser = api_key)]
    pub api_key: Option<String>,
    /// Key for the environment `sandbox`, instead of a random one.
    #[arg(long, env = "SCRIP_SANDBOX_API_KEY", hide_env_values = true, value_parser = api_key)]
    pub sandbox_api_key: Option<String>,
    /// Address and port of `/metrics`: figures for a Prometheus server, which anybody who reaches
    /// the address may read; none is about a customer. Off by default.
    #[arg(long, env = "SCRIP_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Traces, as OpenTelemetry has them.
    #[command(flatten)]
    pub traces: TraceOptions,
    /// Make a bare customer on the first grant or consumption that names it, instead of refusing.
    #[arg(long, env = "SCRIP_AUTO_CREATE_CUSTOMERS")]
    pub auto_create_customers: bool,
    /// Custom currencies an environment may have that are not archived.
    #[arg(long, env = "SCRIP_CUSTOM_CURRENCIES_MAX", default_value_t = 100)]
    pub custom_currencies_max: usize,
    /// Requests that may wait for the ledger; beyond that they are answered with 503.
    #[arg(long, env = "SCRIP_QUEUE_MAX", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub queue_max: u32,
    /// MiB that wallets may take in memory, by estimate; those that nobody asked for lately are
    /// then dropped, and read again when somebody does.
    #[arg(long, env = "SCRIP_WALLET_MEMORY_MIB", conflicts_with = "database_url",
          default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(1..=MEBIBYTES_MAX))]
    pub wallet_memory_mib: u32,
    /// MiB that the filter over older names of idempotency keys may take; 256 hold a hundred
    /// million names. Beyond that it is folded, and more lookups read the disk in vain.
    #[arg(long, env = "SCRIP_FILTER_MEMORY_MIB", conflicts_with = "database_url",
          default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(1..=MEBIBYTES_MAX))]
    pub filter_memory_mib: u32,
    /// Seconds between two rounds that write changed wallets behind. Longer writes less; a start
    /// after a kill folds more.
    #[arg(long, env = "SCRIP_SNAPSHOT_EVERY_SECONDS", conflicts_with = "database_url",
          default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub snapshot_every_seconds: u32,
    /// Rows that these rounds may be behind; then writing waits for them. It bounds what a start
    /// after a kill has to fold.
    #[arg(long, env = "SCRIP_LAG_ROWS_MAX", conflicts_with = "database_url",
          default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(10_000..=1_000_000_000))]
    pub lag_rows_max: u32,
    /// Rows whose usage need not be added up yet; then writing waits. A start after a kill adds up what
    /// of them is beyond two million before it serves.
    #[arg(long, env = "SCRIP_USAGE_LAG_ROWS_MAX", conflicts_with = "database_url",
          default_value_t = 2_000_000,
          value_parser = clap::value_parser!(u32).range(10_000..=1_000_000_000))]
    pub usage_lag_rows_max: u32,
    /// Days for which the keys of consumptions are known at least; a key that is older may burn
    /// again. For ever by default.
    #[arg(long, env = "SCRIP_KEYS_KEPT_DAYS", value_parser = clap::value_parser!(u32).range(7..=36_500))]
    pub keys_kept_days: Option<u32>,
    /// Hours in which everything that is stored is verified once, in the background; 0 is never.
    #[arg(long, env = "SCRIP_SCRUB_HOURS", default_value_t = 24,
          value_parser = clap::value_parser!(u32).range(0..=8_760))]
    pub scrub_hours: u32,
    /// Requests that each API key, user and customer may send in a second; more are answered with 429.
    /// Off by default.
    #[arg(long, env = "SCRIP_RATE_LIMIT")]
    pub rate_limit: Option<NonZeroU32>,
    /// Environments in which the retries that official SDKs make by themselves are requests like
    /// any other, separated by commas. Elsewhere they are recognised.
    #[arg(long, env = "SCRIP_IGNORE_SDK_RETRIES", value_enum, value_delimiter = ',')]
    pub ignore_sdk_retries: Vec<EnvironmentName>,
    /// Who is told of events, and how.
    #[command(flatten)]
    pub webhooks: WebhookOptions,
    /// How payments are collected.
    #[command(flatten)]
    pub payments: PaymentOptions,
    /// Whose tokens are taken beside API keys.
    #[command(flatten)]
    pub jwt: JwtOptions,
    /// How anchors are signed.
    #[command(flatten)]
    pub anchors: AnchorOptions,
    /// The console, and how people sign in.
    #[command(flatten)]
    pub console: ConsoleOptions,
    #[command(flatten)]
    pub portal: PortalOptions,
    /// Seconds that a stop waits for requests that are being answered.
    #[arg(long, env = "SCRIP_STOP_SECONDS", default_value_t = 30)]
    pub stop_seconds: u64,
    /// Seconds after which a client is let go that takes nothing of its answer.
    #[arg(long, env = "SCRIP_STALLED_SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub stalled_seconds: u32,
    /// How logs are written to standard error. What is logged: SCRIP_LOG, for example
    /// `info,scrip_api=debug`.
    #[arg(long, env = "SCRIP_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How endpoints are told of events.
#[derive(Args)]
pub struct WebhookOptions {
    /// Networks that webhooks may be sent to though they point inward, or without TLS, separated by
    /// commas: `127.0.0.0/8,10.1.0.0/16`. All others must be https, and reached by everybody.
    #[arg(long, env = "SCRIP_WEBHOOK_ALLOW", value_name = "NETWORKS", value_delimiter = ',')]
    pub webhook_allow: Vec<IpNet>,
    /// Seconds that a webhook endpoint may take for its whole answer.
    #[arg(long, env = "SCRIP_WEBHOOK_TIMEOUT_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=60))]
    pub webhook_timeout_seconds: u32,
    /// Seconds before each further attempt at a webhook that was not taken, separated by commas; a
    /// fifth more at most, by chance. By default ten attempts over three days.
    #[arg(long, env = "SCRIP_WEBHOOK_RETRY_SECONDS", value_name = "SECONDS", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(0..=604_800))]
    pub webhook_retry_seconds: Vec<u32>,
    /// Days after which a webhook endpoint that took nothing is disabled.
    #[arg(long, env = "SCRIP_WEBHOOK_DISABLE_DAYS", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=365))]
    pub webhook_disable_days: u32,
    /// Days for which events are kept that all enabled endpoints were told of, in the events log too, and
    /// deliveries with their attempts.
    #[arg(long, env = "SCRIP_EVENTS_KEPT_DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(7..=36_500))]
    pub events_kept_days: u32,
    /// Send no webhooks from this node, and forget no events. Of the nodes on a database one does it
    /// for all.
    #[arg(long, env = "SCRIP_NO_WEBHOOKS")]
    pub no_webhooks: bool,
}

/// How payments are collected, where an environment has a payment provider.
#[derive(Args)]
pub struct PaymentOptions {
    /// Where Stripe's API is: for stand-ins of it.
    #[arg(
        long,
        env = "SCRIP_STRIPE_URL",
        value_name = "URL",
        default_value = "https://api.stripe.com"
    )]
    pub stripe_url: String,
    /// Seconds that a payment provider may take for a request.
    #[arg(long, env = "SCRIP_PAYMENT_TIMEOUT_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=120))]
    pub payment_timeout_seconds: u32,
    /// Collect no payments by this node: those that its requests ask for wait for another node on the
    /// database. What a payment provider sends is taken.
    #[arg(long, env = "SCRIP_NO_PAYMENTS")]
    pub no_payments: bool,
}

/// Whose tokens are taken beside API keys: JSON Web Tokens of users, in `Authorization: Bearer`.
#[derive(Args)]
pub struct JwtOptions {
    /// The issuer of users' tokens, exactly as they say it in `iss`: an https URL, which is asked for
    /// its keys. Without it no tokens are taken.
    #[arg(long, env = "SCRIP_JWT_ISSUER", value_name = "URL", requires = "jwt_audience")]
    pub jwt_issuer: Option<String>,
    /// Whom tokens must be for, by their `aud`: one of these, separated by commas.
    #[arg(
        long,
        env = "SCRIP_JWT_AUDIENCE",
        value_name = "NAMES",
        value_delimiter = ',',
        requires = "jwt_issuer"
    )]
    pub jwt_audience: Vec<String>,
    /// Where the issuer's keys are, instead of where it says so itself.
    #[arg(
        long,
        env = "SCRIP_JWT_JWKS_URL",
        value_name = "URL",
        requires = "jwt_issuer",
        conflicts_with = "jwt_jwks_file"
    )]
    pub jwt_jwks_url: Option<String>,
    /// A file with the issuer's keys, a JSON Web Key Set, which is read at the start; the issuer is
    /// asked for nothing then.
    #[arg(long, env = "SCRIP_JWT_JWKS_FILE", value_name = "FILE", requires = "jwt_issuer")]
    pub jwt_jwks_file: Option<PathBuf>,
}

/// Where everything is kept.
#[derive(Args)]
pub struct DataOptions {
    /// The data directory.
    #[arg(long, env = "SCRIP_DATA", default_value = "./scrip-data")]
    pub data: PathBuf,
}

/// An environment of the default account.
#[derive(Clone, Copy, ValueEnum)]
pub enum EnvironmentName {
    /// For real.
    Production,
    /// With a test clock.
    Sandbox,
}

impl EnvironmentName {
    /// Its number in the store.
    pub const fn id(self) -> EnvironmentId {
        match self {
            Self::Production => scrip_ledger::PRODUCTION,
            Self::Sandbox => scrip_ledger::SANDBOX,
        }
    }
}

/// How logs are written.
#[derive(Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

/// Options of `migrate`.
#[derive(Args)]
pub struct MigrateOptions {
    /// Distribute the tables over the workers of a coordinator with the extension Citus as well. No node may
    /// serve meanwhile.
    #[arg(long)]
    pub citus: bool,
    /// The database: `postgres://user:password@host:port/database`.
    #[arg(long, env = "SCRIP_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
}

/// Options of `verify`.
#[derive(Args)]
pub struct VerifyOptions {
    /// What to verify, where no database is named.
    #[command(flatten)]
    pub data: DataOptions,
    /// Verify this PostgreSQL database instead: `postgres://user:password@host:port/database`. What
    /// the environment names is passed over when `--data` is given.
    #[arg(long, env = "SCRIP_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Prove too that nothing before an anchor was changed, cut or removed. The file holds anchors as the
    /// API gives them or as they lie in an anchor directory; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub anchor: Vec<PathBuf>,
    /// The public key, of 64 hexadecimal digits, that anchors must be signed with; may be given more than
    /// once. Without it whoever signed an anchor is told, and believed.
    #[arg(long, value_name = "KEY", requires = "anchor")]
    pub anchor_public_key: Vec<String>,
}

/// Options of `copy`.
#[derive(Args)]
pub struct CopyOptions {
    /// What to copy.
    #[command(flatten)]
    pub from: CopyFrom,
    /// Where to.
    #[command(flatten)]
    pub to: CopyTo,
}

/// What to copy.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct CopyFrom {
    /// The data directory to copy. It must not be in use; nothing in it is changed.
    #[arg(long, value_name = "DIR")]
    from_data: Option<PathBuf>,
    /// The database to copy: `postgres://user:password@host:port/database`. Its nodes refuse orders
    /// meanwhile, to come again.
    #[arg(long, value_name = "URL", env = "SCRIP_COPY_FROM_URL", hide_env_values = true)]
    from_url: Option<String>,
}

/// Where to copy to.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct CopyTo {
    /// The data directory to make.
    #[arg(long, value_name = "DIR")]
    to_data: Option<PathBuf>,
    /// The database to fill, which must be empty: `postgres://user:password@host:port/database`.
    #[arg(long, value_name = "URL", env = "SCRIP_COPY_TO_URL", hide_env_values = true)]
    to_url: Option<String>,
}

impl CopyFrom {
    /// Where it is.
    pub fn place(self) -> Place {
        place(self.from_data, self.from_url)
    }
}

impl CopyTo {
    /// Where it is.
    pub fn place(self) -> Place {
        place(self.to_data, self.to_url)
    }
}

/// One of the two is given.
fn place(directory: Option<PathBuf>, url: Option<String>) -> Place {
    match directory {
        Some(directory) => Place::Directory(directory),
        None => Place::Database(url.unwrap_or_default()),
    }
}

/// Options of `stats`.
#[derive(Args)]
pub struct StatsOptions {
    /// What to look at.
    #[command(flatten)]
    pub data: DataOptions,
    /// Answer with a JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Options of `rebuild`.
#[derive(Args)]
pub struct RebuildOptions {
    /// What to rebuild.
    #[command(flatten)]
    pub data: DataOptions,
}

/// Options of `recover`.
#[derive(Args)]
pub struct RecoverOptions {
    /// What may have lost rows.
    #[command(flatten)]
    pub data: DataOptions,
    /// Go on without the rows that are lost. Their loss is recorded in the ledger, and what was
    /// made from them is made again by the next start.
    #[arg(long)]
    pub accept_loss: bool,
}

/// Options of `demo`.
#[derive(Args)]
pub struct DemoOptions {
    /// The server to fill.
    #[arg(long, env = "SCRIP_URL", default_value = "http://127.0.0.1:8787")]
    pub url: String,
    /// A key of the environment to fill; `sandbox` is a good choice.
    #[arg(long, env = "SCRIP_SANDBOX_API_KEY", hide_env_values = true)]
    pub api_key: String,
    /// Customers to make.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub customers: u32,
    /// Beginning of all identifiers, so that it can be run again.
    #[arg(long, default_value = "demo")]
    pub prefix: String,
    /// The same seed makes the same month.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A key that is too short is guessed, not stolen.
fn api_key(text: &str) -> Result<String, String> {
    const LENGTH_MIN: usize = 16;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.len() >= LENGTH_MIN && is_plain {
        Ok(text.to_owned())
    } else {
        Err(format!("a key has at least {LENGTH_MIN} visible ASCII characters"))
    }
}
