//! Rows that were acknowledged are lost: what the owner is told, and what the owner can do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::process::{Server, run};

const KEY: &str = "server-sandbox-of-the-test";

/// Serves until some customers more are there.
fn serve(data: &Path, prefix: &str) -> Server {
    let server = Server::start(data, &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let demo = ["demo", "--url", &url, "--api-key", KEY, "--customers", "2", "--prefix", prefix];
    let (code, text) = run(&demo, &[]);
    assert_eq!(code, 0, "{text}");
    server
}

/// What a stopped directory has, but for the lock and what readers share.
fn contents(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut contents = BTreeMap::new();
    for folder in [data.to_owned(), data.join("keys")] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(data).unwrap().display().to_string();
            if path.is_file() && name != "lock" && !name.ends_with("-shm") {
                contents.insert(name, fs::read(path).unwrap());
            }
        }
    }
    // An empty log is as good as none.
    contents.retain(|name, bytes| !(name.ends_with("-wal") && bytes.is_empty()));
    contents
}

/// The ledger as it was, with its log, beside everything else as it is.
fn put_ledger_back(data: &Path, then: &BTreeMap<String, Vec<u8>>) {
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(data.join(name));
        if let Some(bytes) = then.get(name) {
            fs::write(data.join(name), bytes).unwrap();
        }
    }
}

/// A command on the directory.
fn told(data: &Path, words: &[&str]) -> (i32, String) {
    run(&[words, &["--data", data.to_str().unwrap()]].concat(), &[])
}

/// Nobody serves it, and nobody changes it.
#[track_caller]
fn is_refused_unchanged(data: &Path, saying: &str) {
    let before = contents(data);
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for words in [&serve[..], &["rebuild"], &["recover"]] {
        let (code, text) = told(data, words);
        assert_eq!(code, 1, "{words:?}: {text}");
        assert!(text.contains(saying), "{words:?}: {text}");
        assert!(text.contains("scrip recover --accept-loss"), "{words:?}: {text}");
    }
    let after = contents(data);
    for name in before.keys().chain(after.keys()) {
        assert!(before.get(name) == after.get(name), "{name} was changed");
    }
}

/// The loss can be accepted; then all is well and the store remembers.
fn is_accepted(data: &Path) {
    let (code, text) = told(data, &["recover", "--accept-loss"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("Accepted: "), "{text}");
    let (code, text) = told(data, &["recover"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("Nothing is lost"), "{text}");
    let (code, text) = told(data, &["stats"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\nIncidents: 1\n"), "{text}");
    assert!(text.contains("Z loss_accepted: "), "{text}");
    serve(data, "later").stop();
    let (code, text) = told(data, &["verify"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn an_older_ledger_that_was_put_back_is_refused_until_the_loss_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    serve(data, "first").stop();
    let older = contents(data);
    serve(data, "second").stop();
    let newer = contents(data);
    put_ledger_back(data, &older);

    is_refused_unchanged(data, "rows are missing");
    let (_, text) = told(data, &["recover"]);
    assert!(text.starts_with("Lost: "), "{text}");
    for witness in ["mark", "snapshots.db", "keys/recent.keys"] {
        assert!(text.contains(witness), "{text}");
    }
    let (code, text) = told(data, &["stats"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("rows are lost; see `scrip recover`"), "{text}");

    // The right ledger makes it whole again.
    put_ledger_back(data, &newer);
    let (code, text) = told(data, &["recover"]);
    assert_eq!(code, 0, "{text}");
    put_ledger_back(data, &older);

    is_accepted(data);
}

#[test]
fn a_damaged_log_is_refused_and_stays_as_it_was_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    serve(data, "first").kill();
    let log = data.join("ledger.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() * 3 / 4;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    is_refused_unchanged(data, "rows are missing");
    is_accepted(data);
}

#[test]
fn a_ledger_that_is_gone_is_not_made_anew_in_silence() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    serve(data, "first").stop();
    fs::remove_file(data.join("ledger.db")).unwrap();
    is_refused_unchanged(data, "is missing or empty, but there was a ledger, says mark");
    assert!(!data.join("ledger.db").exists());
    fs::rename(data.join("mark"), data.join("aside")).unwrap();
    is_refused_unchanged(data, "is missing or empty, but there was a ledger, says snapshots.db");
    fs::rename(data.join("aside"), data.join("mark")).unwrap();
    // One that was put back without its log, before anything of that was in it.
    rusqlite::Connection::open(data.join("ledger.db"))
        .unwrap()
        .execute_batch("pragma journal_mode = wal")
        .unwrap();
    is_refused_unchanged(data, "is missing or empty, but there was a ledger, says mark");
    is_accepted(data);
}

#[test]
fn what_is_made_from_the_ledger_can_be_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    serve(data, "first").stop();
    let before = told(data, &["stats"]).1;
    fs::write(data.join("snapshots.db"), "nothing that can be used").unwrap();
    fs::write(data.join("keys/recent.keys"), "neither").unwrap();
    fs::write(data.join("keys/0000000007.keys"), "neither").unwrap();
    let (code, text) = told(data, &["rebuild"]);
    assert_eq!(code, 0, "{text}");
    let (rows, rest) = text.strip_prefix("Rebuilt from ").unwrap().split_once(" rows: ").unwrap();
    let (names, rest) = rest.strip_prefix("2 wallets, ").unwrap().split_once(" names").unwrap();
    assert!(rest.starts_with(", in ") && rest.ends_with(" s.\n"), "{text}");
    let after = told(data, &["stats"]).1;
    for text in [&before, &after] {
        let shown = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        assert_eq!(shown("Rows   "), rows);
        assert_eq!(shown("Names in the saved table"), names);
        assert_eq!(shown("Rows behind snapshots"), "0");
        assert_eq!(shown("Rows behind names"), "0");
    }
    assert!(!data.join("keys/0000000007.keys").exists());
    let (code, text) = told(data, &["verify"]);
    assert_eq!(code, 0, "{text}");
}
