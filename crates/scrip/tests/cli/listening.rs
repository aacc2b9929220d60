//! Where `serve` listens, and with what; whoever watches over it; what shells and `man` are told.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use tempfile::TempDir;

use crate::process::{Server, http, run, scrip};

const KEY: &str = "server-sandbox-of-the-test";

#[test]
fn beyond_loopback_nothing_travels_readable_by_accident() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let serve = |address: &str, more: &[&str]| {
        let serve = ["serve", "--data", data.to_str().unwrap(), "--listen", address];
        run(&[&serve, more].concat(), &[])
    };
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8787", "[::ffff:192.0.2.1]:8787"] {
        let (code, text) = serve(address, &[]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(&format!("--listen {address} is reached from other")), "{text}");
        assert!(
            text.contains("--tls-certificate-file and --tls-key-file, or --insecure"),
            "{text}"
        );
    }
    // With the flag it goes as far as an address that is nobody's.
    let (code, text) = serve("192.0.2.1:8787", &["--insecure-http"]);
    assert_eq!(code, 1);
    assert!(text.contains("listening on 192.0.2.1:8787"), "{text}");
    assert!(text.contains("listening beyond this machine without TLS"), "{text}");
    assert!(!data.exists());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("[::ffff:127.0.0.1]:{}", taken.local_addr().unwrap().port());
    let (_, text) = serve(&address, &[]);
    assert!(text.contains("listening on"), "loopback in other words: {text}");
}

/// A certificate for localhost, and who issued it.
struct Certificate {
    directory: TempDir,
}

impl Certificate {
    fn make() -> Self {
        let certificate = Self { directory: tempfile::tempdir().unwrap() };
        let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test";
        fs::write(certificate.path("names"), "subjectAltName = DNS:localhost").unwrap();
        certificate.openssl(&format!("{new} -x509 -days 2 -keyout ca.key -out ca.pem"));
        certificate.openssl(&format!("{new} -keyout key.pem -out request.pem"));
        certificate.openssl(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile names -out certificate.pem",
        );
        certificate
    }

    fn openssl(&self, words: &str) {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(words.split(' ')).current_dir(self.directory.path()).output();
        // Debian: apt-get install openssl. The PostgreSQL server of the tests needs it too.
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn a_server_with_a_certificate_speaks_tls_only() {
    let certificate = Certificate::make();
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("SCRIP_SANDBOX_API_KEY", KEY),
        ("SCRIP_TLS_CERTIFICATE_FILE", &certificate.file("certificate.pem")),
        ("SCRIP_TLS_KEY_FILE", &certificate.file("key.pem")),
    ];
    let mut server = Server::start(directory.path(), &variables);
    let url = format!("https://localhost:{}", server.port);
    let trusting = [("SSL_CERT_FILE", certificate.file("ca.pem")), ("SCRIP_URL", url.clone())];
    let ask = |words: &[&str]| {
        let variables = trusting.each_ref().map(|(name, value)| (*name, value.as_str()));
        run(words, &variables)
    };
    assert_eq!(ask(&["health"]), (0, String::new()));
    let (code, text) = ask(&["demo", "--api-key", KEY, "--customers", "1"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = ask(&["balance", "--customer", "demo-0000", "--api-key", KEY]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\"available\""), "{text}");

    // Nobody is trusted because he answers, and not under another name either.
    let balance = ["balance", "--customer", "demo-0000", "--api-key", KEY, "--url"];
    let (code, text) = run(&[&balance[..], &[&url]].concat(), &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("certificate") && text.contains("nothing was sent"), "{text}");
    let (code, text) = ask(&[&balance[..], &[&url.replace("localhost", "127.0.0.1")]].concat());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("certificate"), "{text}");

    // Whoever speaks plainly gets no answer, and disturbs nobody; nor does a stop wait for him.
    let (code, text) = ask(&["health", "--url", &url.replace("https", "http")]);
    assert_eq!(code, 1, "{text}");
    let silent = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(ask(&["health"]).0, 0);
    let started = Instant::now();
    server.stop();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    drop(silent);
}

#[test]
fn a_certificate_that_does_not_serve_is_named() {
    let [certificate, other] = [Certificate::make(), Certificate::make()];
    fs::write(certificate.path("empty.pem"), "").unwrap();
    let [file, key, empty] =
        ["certificate.pem", "key.pem", "empty.pem"].map(|name| certificate.file(name));
    let (file, key, empty) = (&*file, &*key, &*empty);
    let key_of_another = &*other.file("key.pem");
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    for (certificate, key, told) in [
        ("/nowhere", key, "--tls-certificate-file /nowhere: "),
        (file, "/nowhere", "--tls-key-file /nowhere: "),
        (empty, key, "empty.pem: there is no certificate in it"),
        (file, file, "--tls-key-file"),
        (file, key_of_another, "--tls-certificate-file"),
    ] {
        let tls = ["--tls-certificate-file", certificate, "--tls-key-file", key];
        let (code, text) = run(&[&serve[..], &tls].concat(), &[]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(told), "{told}: {text}");
    }
    let (code, text) = run(&[&serve[..], &["--tls-key-file", key]].concat(), &[]);
    assert_eq!(code, 2);
    assert!(text.contains("--tls-certificate-file"), "{text}");
    assert!(!data.exists());
}

#[test]
fn health_is_an_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &[]);
    let url = format!("http://127.0.0.1:{}", server.port);
    assert_eq!(run(&["health"], &[("SCRIP_URL", &url)]), (0, String::new()));
    server.stop();
    let (code, text) = run(&["health", "--url", &url], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("Connection refused"), "{text}");
    let (code, text) = run(&["health", "--url", "nothing at all"], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("--url is no URL"), "{text}");
}

#[test]
fn shells_and_manuals_are_told_of_every_command_and_of_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let key = [("SCRIP_API_KEY", "server-secret-of-the-test")];
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script) = run(&["completions", shell], &key);
        assert_eq!(code, 0, "{script}");
        assert!(script.contains("explain") && script.contains("wallet-memory-mib"), "{shell}");
        assert!(!script.contains("server-secret"), "{shell}");
        if shell == "bash" {
            let read = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn();
            let mut read = read.unwrap();
            read.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            assert!(read.wait().unwrap().success(), "bash can read it");
        }
    }
    let pages = directory.path().to_str().unwrap();
    assert_eq!(run(&["man", pages], &key), (0, String::new()));
    for page in ["scrip.1", "scrip-serve.1", "scrip-explain.1", "scrip-bench-load.1"] {
        let text = fs::read_to_string(directory.path().join(page)).unwrap();
        assert!(text.contains(".TH") && !text.contains("server-secret"), "{page}");
    }
    let (code, text) = run(&["man", "/nowhere"], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("writing to /nowhere"), "{text}");
}

/// `head` has seen enough: that is no failure.
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let (code, text) = run(&["demo", "--url", &url, "--api-key", KEY, "--customers", "1"], &[]);
    assert_eq!(code, 0, "{text}");
    let mut ledger = scrip()
        .args(["ledger", "--customer", "demo-0000", "--all", "--url", &url, "--api-key", KEY])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(ledger.stdout.take());
    let output = ledger.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(http(server.port, "GET", "/readyz", "", "").0, 200);
    server.stop();
}

/// What is set for a container or a service means something to the binary.
#[test]
fn what_packages_set_is_an_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let help = ["serve", "health"].map(|command| run(&[command, "--help"], &[]).1).concat();
    let mut found = 0;
    for file in ["Dockerfile", "compose.yaml", "packaging/scrip.service", "docs/running.md"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let mut words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        // `SCRIP_*` is all of them; the filter of logs is no option.
        let known = ["SCRIP_", "SCRIP_LOG"];
        for word in words.by_ref().filter(|word| word.starts_with("SCRIP_")) {
            found += 1;
            let is_option =
                ["=", "]"].iter().any(|end| help.contains(&format!("[env: {word}{end}")));
            assert!(is_option || known.contains(&word), "{file}: {word}");
        }
    }
    assert!(found > 15, "they are not found");
}
