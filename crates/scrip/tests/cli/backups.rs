//! `scrip backup` and `scrip restore`, as whoever runs them meets them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{Server, http, run};
use crate::{LISTEN, mode};

const KEY: &str = "server-sandbox-of-the-test";

struct Given {
    directory: tempfile::TempDir,
    server: Server,
}

/// A server with three customers.
fn serving() -> Given {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Server::start(&data, &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let (code, text) = run(&["demo", "--url", &url, "--api-key", KEY, "--customers", "3"], &[]);
    assert_eq!(code, 0, "{text}");
    Given { directory, server }
}

impl Given {
    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn back_up(&self, more: &[&str]) -> (i32, String) {
        let (data, to) = (self.path("data"), self.path("backup"));
        run(&[&["backup", "--data", &data, "--to", &to], more].concat(), &[])
    }

    fn restore(&self, to: &str, more: &[&str]) -> (i32, String) {
        let (from, data) = (self.path("backup"), self.path(to));
        run(&[&["restore", "--from", &from, "--data", &data], more].concat(), &[])
    }
}

fn customers(server: &Server) -> String {
    let (status, body) = http(server.port, "GET", "/api/v1/customers", KEY, "");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["data"].to_string()
}

#[test]
fn a_server_is_backed_up_and_its_backup_serves() {
    let mut given = serving();
    let told = customers(&given.server);
    let (code, text) = given.back_up(&[]);
    assert_eq!(code, 0, "{text}");
    for words in
        ["Backed up to ", "Whatever was acknowledged before ", "All is well: ", "3 wallets"]
    {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(mode(Path::new(&given.path("backup"))), 0o700);
    assert_eq!(mode(Path::new(&given.path("backup/ledger.db"))), 0o600);
    // The server's own directory is in use.
    let (code, text) = given.restore("data", &[]);
    assert_eq!(code, 1);
    assert!(text.contains(&format!("in use by process {}", given.server.id())), "{text}");
    given.server.stop();
    let (code, text) = given.restore("data", &[]);
    assert_eq!(code, 1);
    assert!(text.contains("has something in it: "), "{text}");

    let (code, text) = given.restore("restored", &[]);
    assert_eq!(code, 0, "{text}");
    for words in ["Restored into ", "All is well: ", "keys that are here", "docs/operations.md"] {
        assert!(text.contains(words), "{text}");
    }
    let restored = given.path("restored");
    let mut server = Server::start(Path::new(&restored), &[]);
    assert_eq!(customers(&server), told);
    server.stop();
    let (code, text) = run(&["verify", "--data", &restored], &[]);
    assert_eq!(code, 0, "{text}");
    let (_, text) = run(&["stats", "--data", &restored], &[]);
    assert!(text.contains("Z restored: from the backup of "), "{text}");
}

#[test]
fn programs_are_answered_with_an_object() {
    let given = serving();
    let (code, text) = given.back_up(&["--json"]);
    assert_eq!(code, 0, "{text}");
    let backup: Value = serde_json::from_str(&text).unwrap();
    let length = |name: &str| fs::metadata(given.path(&format!("backup/{name}"))).unwrap().len();
    let (ledger, keys) = (length("ledger.db"), length("initial-keys"));
    assert_eq!(backup["files"][0]["bytes"], ledger);
    assert_eq!(backup["bytes"], ledger + keys);
    assert_eq!(backup["files"][0]["name"], "ledger.db");
    assert_eq!(backup["verified"]["wallets"], 3);
    assert!(backup["milliseconds"].is_u64());
    let manifest = fs::read_to_string(given.path("backup/backup.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    for member in ["rows", "files"] {
        assert_eq!(manifest[member], backup[member]);
    }

    let (code, text) = given.restore("restored", &["--json", "--no-verify"]);
    assert_eq!(code, 0, "{text}");
    let restored: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(restored["taken_at"], backup["began_at"]);
    for member in ["rows", "bytes", "files"] {
        assert_eq!(restored[member], backup[member]);
    }
    assert_eq!(restored["verified"], Value::Null);
    assert!(restored["start_estimate_milliseconds"].is_u64());
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_left() {
    let mut given = serving();
    let (code, text) = given.back_up(&[]);
    assert_eq!(code, 0, "{text}");
    let ledger = given.path("backup/ledger.db");
    let mut bytes = fs::read(&ledger).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&ledger, bytes).unwrap();
    let (code, text) = given.restore("restored", &[]);
    assert_eq!(code, 1);
    let told = format!("scrip: the backup is damaged: {ledger} has another checksum than it had\n");
    assert_eq!(text, told);
    assert!(!Path::new(&given.path("restored")).exists());

    // Nobody serves a backup by mistake.
    let (code, text) = run(&["serve", LISTEN, "--data", &given.path("backup")], &[]);
    assert_eq!(code, 1);
    assert!(text.contains("is a backup, and stays as it is: scrip restore --from "), "{text}");

    // What was wrong before is told as `verify` tells it.
    given.server.stop();
    fs::remove_dir_all(given.path("backup")).unwrap();
    rusqlite::Connection::open(given.path("data/ledger.db"))
        .unwrap()
        .execute("update entries set row = zeroblob(length(row)) where position = 7", [])
        .unwrap();
    let (code, text) = given.back_up(&[]);
    assert_eq!(code, 1);
    assert!(text.starts_with("No backup was kept: what was copied is wrong.\n"), "{text}");
    assert!(text.contains("Wrong: entries 7: "), "{text}");
    assert!(!Path::new(&given.path("backup")).exists());
}

#[test]
fn a_database_has_tools_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let url = "postgres://nobody@127.0.0.1:9/nothing";
    let (data, backup) = (path("data"), path("backup"));
    Server::start(Path::new(&data), &[]).stop();
    let commands = [["backup", "--to", &backup], ["restore", "--from", &backup]];
    for words in &commands {
        let named = [&words[..], &["--database-url", url]].concat();
        for (words, variables) in [(&words[..], &[("SCRIP_DATABASE_URL", url)][..]), (&named, &[])]
        {
            let (code, text) = run(words, variables);
            assert_eq!(code, 1, "{text}");
            assert!(text.contains("pg_dump or base backups: docs/postgres.md"), "{text}");
        }
    }
    // What is typed counts more than what the environment says.
    let (code, text) =
        run(&["backup", "--to", &backup, "--data", &data], &[("SCRIP_DATABASE_URL", url)]);
    assert_eq!(code, 0, "{text}");
}
