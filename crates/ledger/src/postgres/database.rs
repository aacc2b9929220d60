//! Where the database is, and how a connection to it is made.

use std::str::FromStr as _;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, Error};

use super::OpenError;
use super::session::Session;
use super::shards::{self, Shards};
use super::tls::{Tls, in_words};
use super::trouble::in_full;
use super::url::parted;

/// The oldest PostgreSQL that is known to do, as its `server_version_num`.
const VERSION_MIN: i32 = 140_000;
/// How long the database may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may be silent before the other side is asked whether it is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// How long what was sent may go unacknowledged before a connection counts as broken.
const SENT_WITHIN: Duration = Duration::from_secs(15);

/// How long an answer may take: longer than the server works on a statement.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(40);

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
    tls: Tls,
    runtime: Handle,
    answer_within: Duration,
}

impl Database {
    /// The database that a URL names, `postgres://user:password@host:port/database`, or the same as
    /// `host=… user=…`.
    pub fn of_url(url: &str, runtime: Handle) -> Result<Self, OpenError> {
        let (rest, parameters) = parted(url)?;
        // The error's own text may repeat a part of the URL, but never the password.
        let mut config =
            Config::from_str(&rest).map_err(|error| OpenError::Url(in_full(&error)))?;
        let tls = Tls::of(&parameters)?;
        config.ssl_mode(tls.wanted());
        suit_hosts(&mut config);
        config
            .application_name("scrip")
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .tcp_user_timeout(SENT_WITHIN);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        Ok(Self { config, tls, runtime, answer_within: ANSWER_WITHIN })
    }

    /// The same, with another patience.
    #[must_use]
    pub fn answering_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    /// A new connection, from a thread that may wait.
    pub fn connect(&self) -> Result<Session, OpenError> {
        self.runtime.block_on(self.connect_soon())
    }

    async fn connect_soon(&self) -> Result<Session, OpenError> {
        let failed = |error: Error| OpenError::Connect(in_words(&error));
        // A server that takes the connection and then says nothing keeps nobody.
        let within = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_WITHIN);
        let client = tokio::time::timeout(within, self.client()).await;
        let silent = |_| OpenError::Connect(format!("no answer within {} s", within.as_secs()));
        let client = client.map_err(silent)?.map_err(failed)?;
        let row = client.query_one(shards::IS_DISTRIBUTED, &[]).await.map_err(failed)?;
        let version: String = row.try_get("version").map_err(failed)?;
        let number: i32 = version.parse().unwrap_or(0);
        if number < VERSION_MIN {
            return Err(OpenError::Version(version));
        }
        client.batch_execute(SETTINGS).await.map_err(failed)?;
        let shards = if row.try_get("is_distributed").map_err(failed)? {
            client.batch_execute(shards::SETTINGS).await.map_err(failed)?;
            let row = client.query_one(shards::OF_BUCKETS, &[]).await.map_err(failed)?;
            Shards::of(row.try_get("shards").map_err(failed)?)
        } else {
            Shards::default()
        };
        Ok(Session::new(client, self.runtime.clone(), self.answer_within, shards))
    }

    /// A connection with TLS, or without where that may be.
    async fn client(&self) -> Result<Client, Error> {
        match self.client_of(&self.config).await {
            Err(error) if self.tls.may_do_without(&error) => {
                let error = in_full(&error);
                tracing::warn!(error, "no TLS to the database: sslmode=prefer does without");
                let mut config = self.config.clone();
                self.client_of(config.ssl_mode(SslMode::Disable)).await
            }
            answer => answer,
        }
    }

    async fn client_of(&self, config: &Config) -> Result<Client, Error> {
        let (client, connection) = config.connect(self.tls.connector()).await?;
        self.runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = in_full(&error), "a connection to the database broke");
            }
        });
        Ok(client)
    }
}

/// As PostgreSQL's own clients have it: a socket in the file system has no TLS, whatever is asked for.
/// And an address without a name is a name as well, which tokio-postgres wants for TLS.
fn suit_hosts(config: &mut Config) {
    let (hosts, addresses) = (config.get_hosts().to_vec(), config.get_hostaddrs().to_vec());
    if hosts.is_empty() {
        for address in addresses {
            config.host(address.to_string());
        }
    } else if !hosts.iter().any(|host| matches!(host, Host::Tcp(_))) {
        config.ssl_mode(SslMode::Disable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_says_nothing_keeps_nobody() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let url = format!("postgres://ann@127.0.0.1:{port}/a?connect_timeout=1");
        let database = Database::of_url(&url, runtime.handle().clone()).unwrap();
        let error = database.connect().err().unwrap().to_string();
        assert_eq!(error, "connecting to the database: no answer within 1 s");
    }

    #[test]
    fn hosts_say_what_tls_can_be() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (url, hosts, mode) in [
            ("postgres:///a?host=/run/postgresql&sslmode=require", 1, SslMode::Disable),
            ("postgres://%2Frun%2Fpostgresql,b/a?sslmode=require", 2, SslMode::Require),
            ("postgres:///a?hostaddr=10.0.0.1&sslmode=require", 1, SslMode::Require),
            ("hostaddr=10.0.0.1,10.0.0.2", 2, SslMode::Prefer),
            ("host=a,b hostaddr=10.0.0.1,10.0.0.2 sslmode=disable", 2, SslMode::Disable),
        ] {
            let config = Database::of_url(url, runtime.handle().clone()).unwrap().config;
            assert_eq!((config.get_hosts().len(), config.get_ssl_mode()), (hosts, mode), "{url}");
        }
    }
}
