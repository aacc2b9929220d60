//! TLS between a node and its database: what a URL says, what the server can do, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use scrip_ledger::Ledger as _;
use scrip_ledger::postgres::{Options, Postgres};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_postgres::Client;

use super::server::Database;

/// What a client says that would like TLS.
const TLS_WANTED: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// Set for the test that runs itself with other certificates of the system.
const OTHER_SYSTEM: &str = "SCRIP_TEST_OTHER_SYSTEM";

/// What comes of a URL.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// Connections with TLS, as the server sees them.
    Encrypted,
    /// Connections without.
    Plain,
    /// None, with these words.
    Refused(&'static str),
}
use Then::{Encrypted, Plain, Refused};

const NO_TLS: Then = Refused("error performing TLS handshake: server does not support TLS");
const STRANGER: Then = Refused(
    "invalid peer certificate: UnknownIssuer (nobody issued it who is trusted here; sslrootcert \
     names a file of whom to trust)",
);
const OTHER_HOST: Then =
    Refused("(sslmode=verify-full wants the URL's host among the certificate's alternative names)");
const NO_FILE: Then = Refused("/nowhere.pem: I/O error: No such file or directory (os error 2)");

/// A server with a database, seen from both sides.
struct Scene {
    _database: Database,
    watcher: Client,
    port: String,
    name: String,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::make().await;
        let watcher = database.connect().await;
        let (_, behind_host) = database.url.split_once("@127.0.0.1:").unwrap();
        let (port, rest) = behind_host.split_once('/').unwrap();
        let name = rest.strip_suffix("?sslmode=disable").unwrap();
        let (port, name) = (port.to_owned(), name.to_owned());
        Self { _database: database, watcher, port, name }
    }

    /// A URL: `USER@HOST:PORT?…`, whose names of files are those beside the authority's.
    fn url(&self, who: &str, port: &str, says: &str) -> String {
        let (name, files) = (&self.name, directory_of_certificates());
        let says = says.replace("DIR", &files);
        format!("postgres://{who}:{port}/{name}?{says}&hostaddr=127.0.0.1")
    }

    /// Whether the node's connections have TLS, as the server sees it.
    async fn seen(&self) -> Vec<bool> {
        let sql = "select ssl from pg_stat_ssl join pg_stat_activity using (pid)
            where datname = current_database() and application_name = 'scrip'";
        let rows = self.watcher.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits for what the server sees.
    async fn until(&self, is_so: impl Fn(&[bool]) -> bool) {
        for _ in 0..400 {
            if is_so(&self.seen().await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server sees other connections: {:?}", self.seen().await);
    }

    async fn check(&self, url: &str, then: Then) {
        let opened = open(url).await;
        match (then, opened) {
            (Refused(words), Err(told)) => {
                assert!(told.contains(words), "{url}: {told}");
                assert!(!told.contains("secret"), "{url}: {told}");
            }
            (Encrypted | Plain, Ok(node)) => {
                let is_encrypted = matches!(then, Encrypted);
                self.until(|seen| !seen.is_empty()).await;
                let seen = self.seen().await;
                assert!(seen.iter().all(|ssl| *ssl == is_encrypted), "{url}: {seen:?}");
                node.close().await;
                drop(node);
                self.until(<[bool]>::is_empty).await;
            }
            (then, Ok(_)) => panic!("{url}: connected instead of {then:?}"),
            (then, Err(told)) => panic!("{url}: {told} instead of {then:?}"),
        }
    }
}

/// Where the certificates are.
fn directory_of_certificates() -> String {
    let file = std::env::var("SCRIP_TEST_DATABASE_CA").unwrap_or_else(|_| {
        panic!("these tests need a server with TLS: scripts/postgres -- cargo test ...")
    });
    file.strip_suffix("/ca.pem").unwrap().to_owned()
}

async fn open(url: &str) -> Result<Arc<Postgres>, String> {
    let (url, runtime) = (url.to_owned(), Handle::current());
    let options = Options { lanes: 1, ..Options::on(runtime) };
    let open = move || Postgres::open(&url, options).map_err(|error| error.to_string());
    tokio::task::spawn_blocking(open).await.unwrap()
}

/// What a server answers to whoever would like TLS.
#[derive(Clone, Copy)]
enum Answers {
    /// It has none.
    No,
    /// It has, and then talks about something else.
    Nonsense,
}

/// A port of the server where it answers so. Without TLS it is as the other.
async fn port_of(server: &str, answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = format!("127.0.0.1:{server}");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass_on(client, server, answers));
        }
    });
    port
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, answers: Answers) {
    let mut first = [0; 8];
    client.read_exact(&mut first).await.unwrap();
    match (first == TLS_WANTED, answers) {
        (false, _) => server.write_all(&first).await.unwrap(),
        (true, Answers::No) => client.write_all(b"N").await.unwrap(),
        (true, Answers::Nonsense) => return client.write_all(b"SHTTP/1.1 400").await.unwrap(),
    }
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_with_tls_is_asked_for_comes_true() {
    let scene = Scene::new().await;
    let (here, by_name, elsewhere) = ("scrip@127.0.0.1", "scrip@localhost", "scrip@db.example");
    for (who, says, then) in [
        (here, "", Encrypted),
        (here, "sslmode=disable", Plain),
        (here, "sslmode=prefer", Encrypted),
        (here, "sslmode=require", Encrypted),
        (elsewhere, "sslmode=require", Encrypted),
        (here, "sslmode=disable&sslrootcert=/nowhere.pem&sslcert=/nowhere.pem", Plain),
        (here, "sslmode=prefer&sslrootcert=DIR/ca.pem", Encrypted),
        (here, "sslmode=prefer&sslrootcert=DIR/other.pem", STRANGER),
        (elsewhere, "sslmode=require&sslrootcert=DIR/ca.pem", Encrypted),
        (here, "sslmode=require&sslrootcert=DIR/other.pem", STRANGER),
        (here, "sslmode=require&sslrootcert=/nowhere.pem", NO_FILE),
        (here, "sslmode=verify-ca&sslrootcert=DIR/ca.pem", Encrypted),
        (elsewhere, "sslmode=verify-ca&sslrootcert=DIR/ca.pem", Encrypted),
        (here, "sslmode=verify-ca&sslrootcert=DIR/other.pem", STRANGER),
        (here, "sslmode=verify-full&sslrootcert=DIR/ca.pem", Encrypted),
        (by_name, "sslmode=verify-full&sslrootcert=DIR/ca.pem", Encrypted),
        (by_name, "sslmode=verify-full&sslrootcert=DIR/server.pem", STRANGER),
        (elsewhere, "sslmode=verify-full&sslrootcert=DIR/ca.pem", OTHER_HOST),
        (here, "sslmode=verify-full&sslrootcert=DIR/other.pem", STRANGER),
        (here, "sslmode=verify-full&sslrootcert=/nowhere.pem", NO_FILE),
    ] {
        scene.check(&scene.url(who, &scene.port, says), then).await;
    }
    let (port, name) = (&scene.port, &scene.name);
    let pairs = format!("hostaddr=127.0.0.1 port={port} user=scrip dbname={name} sslmode = ");
    let ca = format!("{}/ca.pem", directory_of_certificates());
    scene.check(&format!("{pairs}verify-full sslrootcert='{ca}'"), Encrypted).await;
    scene.check(&format!("{pairs}disable"), Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_refused_by_whoever_insists() {
    let scene = Scene::new().await;
    let port = port_of(&scene.port, Answers::No).await;
    for (says, then) in [
        ("", Plain),
        ("sslmode=disable", Plain),
        ("sslmode=prefer", Plain),
        ("sslmode=prefer&sslrootcert=DIR/ca.pem", Plain),
        ("sslmode=require", NO_TLS),
        ("sslmode=verify-ca&sslrootcert=DIR/ca.pem", NO_TLS),
        ("sslmode=verify-full&sslrootcert=DIR/ca.pem", NO_TLS),
    ] {
        scene.check(&scene.url("scrip@127.0.0.1", &port, says), then).await;
    }
    let port = port_of(&scene.port, Answers::Nonsense).await;
    let broken = Refused("error performing TLS handshake: received corrupt message");
    for (says, then) in [
        ("", Plain),
        ("sslmode=prefer&sslrootcert=DIR/ca.pem", broken),
        ("sslmode=require", broken),
    ] {
        scene.check(&scene.url("scrip@127.0.0.1", &port, says), then).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_may_be_admitted_in_one_way_only() {
    let scene = Scene::new().await;
    for role in ["by_certificate", "by_password password 'secret'", "without_tls"] {
        let create = format!("create role {role} superuser login");
        let sql =
            format!("do $$ begin {create}; exception when duplicate_object then null; end $$");
        scene.watcher.batch_execute(&sql).await.unwrap();
    }
    let by_certificate = "by_certificate@127.0.0.1";
    let (by_password, forgotten) = ("by_password:secret@127.0.0.1", "by_password@127.0.0.1");
    let without = "without_tls@127.0.0.1";
    for (who, says, then) in [
        (by_certificate, "sslcert=DIR/client.pem&sslkey=DIR/client.key", Encrypted),
        (by_certificate, "sslmode=require", Refused("requires a valid client certificate")),
        (
            by_certificate,
            "sslcert=DIR/client.pem&sslkey=/nowhere.pem",
            Refused("sslkey: /nowhere.pem: I/O error"),
        ),
        (
            by_certificate,
            "sslcert=DIR/client.pem&sslkey=DIR/server.key",
            Refused("sslcert, sslkey: keys may not be consistent: KeyMismatch"),
        ),
        (by_password, "sslmode=require&channel_binding=require", Encrypted),
        (by_password, "sslmode=disable", Refused("pg_hba.conf rejects connection")),
        (forgotten, "sslmode=require", Refused("password missing")),
        (without, "sslmode=prefer", Plain),
        (without, "sslmode=require", Refused("pg_hba.conf rejects connection")),
    ] {
        scene.check(&scene.url(who, &scene.port, says), then).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_comes_back_with_tls() {
    let scene = Scene::new().await;
    let says = "sslmode=verify-full&sslrootcert=DIR/ca.pem";
    let node = open(&scene.url("scrip@localhost", &scene.port, says)).await.unwrap();
    scene.until(|seen| !seen.is_empty()).await;
    // Each is waited for until it is gone.
    let sql = "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
        where datname = current_database() and application_name = 'scrip'";
    let ended: i64 = scene.watcher.query_one(sql, &[]).await.unwrap().get(0);
    assert!(ended > 0);
    scene.until(|seen| !seen.is_empty() && seen.iter().all(|ssl| *ssl)).await;
    node.close().await;
}

/// Whom a system trusts is a matter of its environment, which a test may not change: it runs itself
/// in another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_system_trusts_is_trusted() {
    let files = directory_of_certificates();
    if let Ok(is_known) = std::env::var(OTHER_SYSTEM) {
        let scene = Scene::new().await;
        let known = if is_known == "yes" { Encrypted } else { STRANGER };
        for says in
            ["sslmode=verify-full", "sslrootcert=system", "sslmode=verify-full&sslrootcert=system"]
        {
            scene.check(&scene.url("scrip@localhost", &scene.port, says), known).await;
        }
        return;
    }
    let itself = "postgres::tls::whom_the_system_trusts_is_trusted";
    for (file, is_known) in [("ca.pem", "yes"), ("other.pem", "no")] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([itself, "--exact"])
            .env("SSL_CERT_FILE", format!("{files}/{file}"))
            .env_remove("SSL_CERT_DIR")
            .env(OTHER_SYSTEM, is_known)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{file}: {told}");
    }
    let scene = Scene::new().await;
    let empty = scene.url("scrip@localhost", &scene.port, "sslrootcert=DIR/ca.srl");
    scene.check(&empty, Refused("ca.srl: there is no certificate in it")).await;
}

#[tokio::test]
async fn what_a_url_may_not_say_of_tls() {
    for (says, told) in [
        ("sslmode=allow", "sslmode=allow is not understood: use prefer or disable"),
        ("sslmode=Require", "sslmode must be disable, prefer, require, verify-ca or verify-full"),
        ("sslmode=", "sslmode must be disable, prefer, require, verify-ca or verify-full"),
        ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert, or use verify-full"),
        ("sslmode=require&sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"),
        ("sslmode=verify-ca&sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"),
        ("sslcert=/a.pem", "sslcert and sslkey need each other"),
        ("sslmode=require&sslkey=/a.pem", "sslcert and sslkey need each other"),
        ("sslcrl=/a.pem", "invalid connection string: unknown option `sslcrl`"),
    ] {
        let url = format!("postgres://ann:secret@127.0.0.1:1/scrip?{says}");
        assert_eq!(open(&url).await.err().unwrap(), format!("the database URL: {told}"), "{says}");
    }
}
