//! `scrip stats`: the table and the object, of a store in use, stopped, empty, and in trouble.

use std::path::Path;

use serde_json::Value;

use crate::process::{Server, run};

const KEY: &str = "server-sandbox-of-the-test";

fn table(data: &Path) -> String {
    let (code, text) = run(&["stats", "--data", data.to_str().unwrap()], &[]);
    assert_eq!(code, 0, "{text}");
    text
}

fn object(data: &Path) -> Value {
    let (code, text) = run(&["stats", "--json", "--data", data.to_str().unwrap()], &[]);
    assert_eq!(code, 0, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn demo(server: &Server, prefix: &str) {
    let url = format!("http://127.0.0.1:{}", server.port);
    let demo = ["demo", "--url", &url, "--api-key", KEY, "--customers", "2", "--prefix", prefix];
    let (code, text) = run(&demo, &[]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn an_empty_store_has_figures_too() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &[]).stop();
    insta::assert_snapshot!(stable(&table(directory.path())));
}

/// Sizes depend on the version of SQLite.
fn stable(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains(".db") && !line.starts_with("together"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_store_is_looked_at_while_it_is_in_use_and_after() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    // No round of snapshots comes in between.
    let variables = [("SCRIP_SANDBOX_API_KEY", KEY), ("SCRIP_SNAPSHOT_EVERY_SECONDS", "3600")];
    let mut server = Server::start(data, &variables);
    demo(&server, "first");
    let used = object(data);
    let rows = used["rows"].as_u64().unwrap();
    assert!(rows > 20, "{used}");
    assert_eq!(used["wallets"], 2);
    assert_eq!(used["mark"], serde_json::json!({"state": "ok", "until_row": rows}));
    assert_eq!(used["snapshots"]["until_row"], 0);
    assert_eq!(used["start"]["rows_to_fold"], rows);
    assert_eq!(used["start"]["rows_to_name"], rows);
    assert_eq!(used["names"]["saved"], 0);
    assert!(used["start"]["estimate_milliseconds"].is_u64());
    server.stop();

    let stopped = object(data);
    assert_eq!((&stopped["rows"], &stopped["wallets"]), (&used["rows"], &used["wallets"]));
    assert_eq!(stopped["snapshots"]["until_row"], rows);
    assert_eq!(stopped["names"]["until_row"], rows);
    assert_eq!(stopped["start"]["rows_to_fold"], 0);
    assert_eq!(stopped["start"]["rows_to_name"], 0);
    let saved = stopped["names"]["saved"].as_u64().unwrap();
    assert!(saved > 10 && saved < rows, "{stopped}");
    for file in stopped["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let bytes = std::fs::metadata(data.join(name)).unwrap().len();
        assert_eq!(file["bytes"], bytes, "{name}");
        assert_eq!(file["bytes_per_row"], (bytes + rows / 2) / rows, "{name}");
    }

    // Behind again: a start after a kill has the new rows to do, and only these.
    let server = Server::start(data, &variables);
    demo(&server, "second");
    server.kill();
    let killed = object(data);
    let behind = killed["rows"].as_u64().unwrap() - rows;
    assert!(behind > 0);
    assert_eq!(killed["start"]["rows_to_fold"], behind);
    assert_eq!(killed["start"]["rows_to_name"], behind);
    assert_eq!(killed["names"]["saved"], saved);
}

/// The names of members are what programs are written against.
#[test]
fn trouble_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let mut server = Server::start(data, &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    demo(&server, "first");
    server.stop();
    let ledger = rusqlite::Connection::open(data.join("ledger.db")).unwrap();
    ledger
        .execute_batch(
            "insert into frozen_wallets values (2, 1767323045000, 'a balance is wrong');
             insert into incidents (happened_at, kind, wallet, details) values
                 (1767323045000, 'loss_accepted', null, '7 rows are missing, 3 to 9'),
                 (1767323045001, 'wallet_frozen', 2, 'a balance is wrong');",
        )
        .unwrap();
    drop(ledger);
    std::fs::remove_file(data.join("mark")).unwrap();
    std::fs::write(data.join("snapshots.damaged"), "").unwrap();
    let object = object(data);
    assert_eq!(object["snapshots"]["until_row"], Value::Null);
    assert_eq!(object["start"]["rows_to_fold"], object["rows"]);
    assert_eq!(object["mark"], serde_json::json!({"state": "missing", "until_row": null}));
    let text = table(data);
    let (_, trouble) = text.split_once("snapshots.db is missing").unwrap();
    let shown = [
        &["snapshots.db is missing", trouble].concat(),
        &serde_json::to_string_pretty(&object["frozen_wallets"]).unwrap(),
        &serde_json::to_string_pretty(&object["incidents"]).unwrap(),
        &members("", &object).join("\n"),
    ];
    insta::assert_snapshot!(shown.map(String::as_str).join("\n"));
}

/// The paths of all members.
fn members(path: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, value)| members(&format!("{path}.{name}"), value))
            .collect(),
        Value::Array(items) => {
            let mut all: Vec<_> =
                items.iter().flat_map(|item| members(&format!("{path}[]"), item)).collect();
            all.sort();
            all.dedup();
            all
        }
        _ => vec![path.to_owned()],
    }
}
