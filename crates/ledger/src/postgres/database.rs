//! Where the database is, and how a connection to it is made.

use std::str::FromStr as _;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

use super::OpenError;
use super::session::Session;
use super::trouble::in_full;

/// The oldest PostgreSQL that is known to do, as its `server_version_num`.
const VERSION_MIN: i32 = 140_000;
/// How long the database may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may be silent before the other side is asked whether it is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// How long what was sent may go unacknowledged before a connection counts as broken.
const SENT_WITHIN: Duration = Duration::from_secs(15);

/// What every connection is told. No statement waits for ever, and an answer means durable,
/// whatever the server's defaults are. Statements are planned once, because their arrays differ in
/// nothing but length, and by the indexes that they were written for: a plan that was made while the
/// tables were empty would read them whole for every row until somebody analyses them.
const SETTINGS: &str = "
    set search_path = scrip;
    set statement_timeout = '30s';
    set lock_timeout = '5s';
    set idle_in_transaction_session_timeout = '60s';
    set plan_cache_mode = force_generic_plan;
    set enable_seqscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off;
    set jit = off;
    do $$ begin
        if current_setting('synchronous_commit') = 'off' then
            perform set_config('synchronous_commit', 'on', false);
        end if;
    end $$;";

/// A database.
#[derive(Clone)]
pub struct Database {
    config: Config,
    runtime: Handle,
}

impl Database {
    /// The database that a URL names, `postgres://user:password@host:port/database`, or the same as
    /// `host=… user=…`.
    pub fn of_url(url: &str, runtime: Handle) -> Result<Self, OpenError> {
        // The error's own text may repeat a part of the URL, but never the password.
        let mut config = Config::from_str(url).map_err(|error| OpenError::Url(in_full(&error)))?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(OpenError::Url("TLS to the database is not built yet".to_owned()));
        }
        config
            .application_name("scrip")
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .tcp_user_timeout(SENT_WITHIN);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        Ok(Self { config, runtime })
    }

    /// A new connection, from a thread that may wait.
    pub fn connect(&self) -> Result<Session, OpenError> {
        self.runtime.block_on(self.connect_soon())
    }

    async fn connect_soon(&self) -> Result<Session, OpenError> {
        let failed = |error: tokio_postgres::Error| OpenError::Connect(in_full(&error));
        let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
        self.runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = in_full(&error), "a connection to the database broke");
            }
        });
        let version = client.query_one("show server_version_num", &[]).await.map_err(failed)?;
        let version: String = version.try_get(0).map_err(failed)?;
        let number: i32 = version.parse().unwrap_or(0);
        if number < VERSION_MIN {
            return Err(OpenError::Version(version));
        }
        client.batch_execute(SETTINGS).await.map_err(failed)?;
        Ok(Session::new(client, self.runtime.clone()))
    }
}
