//! Why a directory cannot be opened: one text and one exit code, whatever command meets it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::process::{Server, run};

/// What each command says and exits with, with the directory's own path and process left out.
fn refusals(data: &Path) -> String {
    let mut all = String::new();
    let path = data.to_str().unwrap();
    let backup = format!("backup --to {path}-backup --no-verify");
    let commands = ["serve --listen 127.0.0.1:0", "verify", "stats", "rebuild", "recover", &backup];
    for command in commands {
        let _ = fs::remove_dir_all(format!("{path}-backup"));
        let words: Vec<_> = command.split(' ').chain(["--data", path]).collect();
        let (code, text) = run(&words, &[("SCRIP_LOG", "off")]);
        // The rest of a good answer is another test's.
        let lines = text.lines().take(if code == 0 { 1 } else { usize::MAX });
        let text = lines.collect::<Vec<_>>().join("\n").replace(path, "[data]");
        // How long it took is another one each time.
        let text = if code == 0 { text.split(" in ").next().unwrap_or_default() } else { &text };
        let name = words[0];
        writeln!(all, "{name:<8}{code}  {}", text.replace('\n', "\n           ")).unwrap();
    }
    all
}

#[test]
fn every_command_refuses_alike() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = String::new();
    let mut told = |what: &str, text: String| write!(all, "# {what}\n{text}\n").unwrap();

    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    told("a file in its place", refusals(&file));

    let data = directory.path().join("data");
    let mut server = Server::start(&data, &[]);
    let process = format!("process {}", server.id());
    told("in use", refusals(&data).replace(&process, "process [id]"));
    server.stop();

    let sql = |sql: &str| {
        let ledger = rusqlite::Connection::open(data.join("ledger.db")).unwrap();
        ledger.execute_batch(sql).unwrap();
    };
    sql("update meta set value = 9 where name = 'format'");
    told("another format", refusals(&data));
    sql("update meta set value = 4 where name = 'format'");

    sql("update meta set value = zeroblob(16) where name = 'ledger_id'");
    told("another ledger", refusals(&data));

    fs::write(data.join("ledger.db"), "no database").unwrap();
    told("no database", refusals(&data));

    fs::remove_file(data.join("ledger.db")).unwrap();
    told("gone", refusals(&data));
    insta::assert_snapshot!(all);
}

#[test]
fn what_only_looks_makes_no_directory() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("nowhere");
    for command in ["verify", "stats", "rebuild", "recover"] {
        let (code, text) = run(&[command, "--data", data.to_str().unwrap()], &[]);
        assert_eq!(code, 1, "{text}");
        assert!(text.starts_with("scrip: there is no ledger at "), "{command}: {text}");
        assert!(!data.exists(), "{command}");
    }
}
