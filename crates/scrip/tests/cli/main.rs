//! The binary as its owner meets it: keys, directories, signals, exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod backups;
mod bench;
mod client;
mod figures;
mod keys;
mod listening;
mod process;
mod proxy;
mod recovery;
mod refusals;
mod serving;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use process::{Server, http, run};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_private_keys_that_work() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("deep/data");
    let mut server = Server::start(&data, &[]);
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("initial-keys")), 0o600);
    let keys = fs::read_to_string(data.join("initial-keys")).unwrap();
    let lines: Vec<_> = keys.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(lines.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["production", "sandbox"]);
    for (_, key) in &lines {
        assert_eq!(key.len(), "server-".len() + 40, "160 bits in hexadecimal");
        assert!(key.starts_with("server-"));
        let (status, _) = http(server.port, "GET", "/api/v1/customers", key, "");
        assert_eq!(status, 200);
    }
    let (status, body) = http(server.port, "GET", "/api/v1/customers", "server-unknown", "");
    assert_eq!(status, 401, "{body}");
    let output = server.stop();
    assert!(output.contains("initial-keys"), "the path is printed: {output}");
    assert!(!output.contains(lines[0].1), "a key goes only to a terminal");

    // The second start makes no others.
    let mut server = Server::start(&data, &[]);
    assert_eq!(fs::read_to_string(data.join("initial-keys")).unwrap(), keys);
    server.stop();
}

#[test]
fn keys_can_be_chosen_and_then_no_file_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let chosen = [
        ("SCRIP_API_KEY", "server-chosen-production"),
        ("SCRIP_SANDBOX_API_KEY", "server-chosen-sandbox"),
    ];
    let mut server = Server::start(directory.path(), &chosen);
    for (_, key) in chosen {
        assert_eq!(http(server.port, "GET", "/api/v1/customers", key, "").0, 200);
    }
    assert!(!directory.path().join("initial-keys").exists());
    server.stop();
    let (code, text) = run(&["serve", "--api-key", "short"], &[]);
    assert_eq!(code, 2);
    assert!(text.contains("at least 16 visible ASCII characters"), "{text}");
    let (code, text) = run(&["serve", "--api-key", KEY, "--sandbox-api-key", KEY], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("each environment has its own"), "{text}");
}

#[test]
fn a_directory_that_was_there_is_closed_to_others_if_it_is_ours() {
    let open = fs::Permissions::from_mode(0o755);
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), open.clone()).unwrap();
    Server::start(directory.path(), &[]).stop();
    assert_eq!(mode(directory.path()), 0o700);

    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("something-else"), "").unwrap();
    fs::set_permissions(directory.path(), open).unwrap();
    let output = Server::start(directory.path(), &[]).stop();
    assert_eq!(mode(directory.path()), 0o755);
    assert!(output.contains("others may look into the data directory"), "{output}");
}

#[test]
fn a_second_process_is_told_who_holds_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &[]);
    let data = directory.path().to_str().unwrap();
    let (code, text) = run(&["serve", "--listen", "127.0.0.1:0", "--data", data], &[]);
    assert_eq!(code, 1);
    assert!(text.contains(&format!("in use by process {}", server.id())), "{text}");
    server.stop();
}

#[test]
fn an_address_that_is_taken_costs_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (code, text) = run(&["serve", "--listen", &address, "--data", data.to_str().unwrap()], &[]);
    assert_eq!(code, 1);
    assert!(text.contains(&format!("listening on {address}")), "{text}");
    assert!(!data.exists());
}

#[test]
fn verify_says_whether_all_is_well() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (code, text) = run(&["verify", "--data", data], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("there is no ledger at"), "{text}");

    let mut server = Server::start(directory.path(), &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let demo = ["demo", "--url", &url, "--api-key", KEY, "--customers", "3"];
    let (code, text) = run(&demo, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Made 3 customers"), "{text}");
    let (code, text) = run(&demo, &[]);
    assert_eq!(code, 1);
    assert!(text.contains("choose another --prefix"), "{text}");
    // Also while it is in use.
    let (code, text) = run(&["verify", "--data", data], &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("3 wallets"), "{text}");
    server.stop();

    let ledger = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
    ledger
        .execute("update entries set row = zeroblob(length(row)) where position = 7", [])
        .unwrap();
    drop(ledger);
    let (code, text) = run(&["verify", "--data", data], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("Wrong: entries 7"), "{text}");
    // A start that reads the row refuses it, as does what makes everything again from the rows.
    for command in [&["rebuild", "--data", data][..], &["serve", "--data", data, LISTEN]] {
        let (code, text) = run(command, &[]);
        assert_eq!(code, 1, "a damaged ledger is not served");
        assert!(text.contains("scrip: the ledger is damaged: entries 7: "), "{text}");
        assert_eq!(text.matches("entries 7").count(), 1, "said once: {text}");
    }
}

/// What is typed counts more than what the environment says.
#[test]
fn verify_looks_at_what_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    Server::start(directory.path(), &[]).stop();
    let database = [("SCRIP_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing")];
    let (code, text) = run(&["verify", "--data", data], &database);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(&["verify"], &database);
    assert_eq!(code, 1);
    assert!(text.contains("connecting to the database: "), "{text}");
    let both =
        ["verify", "--data", data, "--database-url", "postgres://nobody@127.0.0.1:9/nothing"];
    let (code, text) = run(&both, &[]);
    assert_eq!(code, 1);
    assert!(text.contains("one of them is verified at a time"), "{text}");
}

#[test]
fn copy_needs_a_place_on_each_side() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("none");
    let data = data.to_str().unwrap();
    for (words, told) in [
        (&["copy"][..], "required arguments were not provided"),
        (&["copy", "--from-data", data], "--to-data"),
        (
            &["copy", "--from-data", data, "--from-url", "x", "--to-data", data],
            "cannot be used with",
        ),
        (&["copy", "--from-data", data, "--to-url", "postgres://a@127.0.0.1:9/b"], "no ledger at"),
        (&["copy", "--from-url", "postgres://a@127.0.0.1:9/b", "--to-data", data], "the source: "),
    ] {
        let (code, text) = run(words, &[]);
        assert_ne!(code, 0, "{words:?}");
        assert!(text.contains(told), "{words:?}: {text}");
    }
    assert!(!directory.path().join("none").exists(), "nothing is left behind");
}

const KEY: &str = "server-sandbox-of-the-test";
const LISTEN: &str = "--listen=127.0.0.1:0";

#[test]
fn the_demo_says_when_nobody_answers() {
    let (code, text) = run(&["demo", "--url", "http://127.0.0.1:9", "--api-key", KEY], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("is `scrip serve` running?"), "{text}");
    let (code, text) = run(&["demo", "--url", "ftp://127.0.0.1", "--api-key", KEY], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("must begin with http"), "{text}");
}

#[test]
fn the_options_are_part_of_the_contract() {
    let mut help = String::new();
    let commands = [
        "",
        "serve",
        "migrate",
        "verify",
        "copy",
        "backup",
        "restore",
        "stats",
        "rebuild",
        "recover",
        "grant",
        "consume",
        "balance",
        "ledger",
        "explain",
        "import",
        "demo",
        "bench",
        "bench load",
        "bench targets",
        "bench latency",
        "bench http",
        "bench postgres",
        "bench store",
        "anchor",
        "anchor key",
        "anchor public-key",
        "clock",
        "clock accept",
        "health",
        "completions",
        "man",
    ];
    for command in commands {
        let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        help.push_str(&run(&words, &[]).1);
        help.push_str("\n----\n");
    }
    insta::assert_snapshot!(help);
}
