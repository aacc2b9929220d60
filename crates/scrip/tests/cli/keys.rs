//! `scrip keys`: keys of less from the command line.

use serde_json::Value;

use crate::process::{Server, http, scrip};

const PRODUCTION: &str = "server-production-of-the-test";
const KEYS: [(&str, &str); 1] = [("SCRIP_API_KEY", PRODUCTION)];

/// What a command came to: its code, its answer and what it told.
fn ask(server: &Server, words: &[&str]) -> (i32, String, String) {
    let output = scrip()
        .arg("keys")
        .args(words)
        .env("SCRIP_URL", format!("http://127.0.0.1:{}", server.port))
        .env("SCRIP_API_KEY", PRODUCTION)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn is(server: &Server, words: &[&str]) -> Value {
    let (code, answer, told) = ask(server, words);
    assert_eq!(code, 0, "{words:?}: {told}");
    serde_json::from_str(&answer).unwrap()
}

fn may_read(server: &Server, secret: &str) -> u16 {
    http(server.port, "GET", "/api/v1/customers", secret, "").0
}

#[test]
fn a_key_is_made_rotated_and_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &KEYS);
    let words = ["create", "An audit", "--scope", "read,grants", "--idempotency-key", "once"];
    let made = is(&server, &words);
    assert_eq!(made["scopes"], serde_json::json!(["read", "grants"]));
    let (id, first) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(may_read(&server, first), 200);
    // The same again makes no second one, and says where the secret is.
    let (code, answer, told) = ask(&server, &words);
    assert_eq!(code, 0, "{told}");
    assert!(answer.contains("\"secret\":null") && told.contains("scrip keys rotate"), "{told}");
    let rotated = is(&server, &["rotate", id, "--overlap-seconds", "0"]);
    let second = rotated["secret"].as_str().unwrap();
    assert_eq!((may_read(&server, first), may_read(&server, second)), (401, 200));
    let (code, _, told) = ask(&server, &["revoke", id]);
    assert!(code == 2 && told.contains("--yes"), "{code} {told}");
    assert_eq!(is(&server, &["revoke", id, "--yes"])["status"], "REVOKED");
    assert_eq!(may_read(&server, second), 401);
    let refusals: [(&[&str], &str); 3] = [
        (&["create", "Nothing", "--scope", "everything"], "scopes[0]"),
        (&["rotate", "key_nobody"], "key_nobody"),
        (&["revoke", id, "--yes", "--idempotency-key", "again"], ""),
    ];
    for (words, naming) in &refusals[..2] {
        let (code, _, told) = ask(&server, words);
        assert!(code == 3 && told.contains(naming), "{words:?}: {code} {told}");
    }
    // What is revoked is so already.
    assert_eq!(is(&server, refusals[2].0)["status"], "REVOKED");
    let log = server.stop();
    assert!(!log.contains(first) && !log.contains(second), "{log}");
}

/// A list is shown to its end, in one table or line by line.
#[test]
fn all_keys_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &KEYS);
    for number in 0..25 {
        is(&server, &["create", &format!("Key {number}"), "--scope", "read"]);
    }
    let (code, lines, _) = ask(&server, &["list"]);
    // And the one with which all of this is asked for.
    assert_eq!((code, lines.lines().count()), (0, 26));
    let (_, table, _) = ask(&server, &["list", "--table"]);
    assert!(table.starts_with("API key"), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("API key")).count(), 1, "{table}");
    assert!((0..25).all(|number| table.contains(&format!("Key {number} "))), "{table}");
    server.stop();
}
