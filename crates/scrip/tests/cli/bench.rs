//! `scrip bench`: that it measures all that it should, never how fast anything was.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Server, run_in, scrip};

const KEY: &str = "server-sandbox-of-the-test";

/// Runs it to its end, which must be a success: what it answered, and what it told beside.
fn bench(directory: &Path, words: &[&str]) -> (String, String) {
    let (code, answer, told) = run_in(directory, &[&["bench"], words].concat());
    assert_eq!(code, 0, "{words:?}: {told}");
    (answer, told)
}

fn object(directory: &Path, words: &[&str]) -> Value {
    let (answer, _) = bench(directory, &[words, &["--json"]].concat());
    serde_json::from_str(&answer).unwrap()
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn each_mix_is_measured_beside_its_reference() {
    let directory = tempfile::tempdir().unwrap();
    for mix in ["single", "batch", "holds", "reads"] {
        let words = ["load", "--quick", "--mix", mix, "--items", "20", "--connections", "4"];
        let measured = object(directory.path(), &[&words[..], &["--reference"]].concat());
        assert_eq!(measured["mix"], mix);
        for who in ["server", "reference"] {
            assert!(measured[who]["timed"].as_u64().unwrap() > 0, "{mix}: {measured}");
            assert!(measured[who]["p50_microseconds"].as_u64().unwrap() > 0, "{mix}: {measured}");
        }
    }
    assert!(is_empty(directory.path()), "nothing is left behind");
}

#[test]
fn a_load_at_a_rate_says_what_was_due() {
    let directory = tempfile::tempdir().unwrap();
    let measured = object(directory.path(), &["load", "--quick", "--rate", "50"]);
    assert_eq!(measured["requests_due_each_second"], 50);
    assert_eq!(measured["server"]["timed"], 5);
    let impossible = ["load", "--quick", "--rate", "1000000", "--connections", "2"];
    let (answer, told) = bench(directory.path(), &impossible);
    assert!(answer.contains("1000000 requests due each second"), "{answer}");
    assert!(told.contains("the rate was not reached"), "{told}");
}

#[test]
fn a_server_that_runs_is_measured_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut server = Server::start(&data, &[("SCRIP_SANDBOX_API_KEY", KEY)]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let words = ["load", "--quick", "--url", &url, "--wallets", "5", "--api-key"];
    for mix in ["single", "holds"] {
        let (answer, told) = bench(directory.path(), &[&words[..], &[KEY, "--mix", mix]].concat());
        assert!(answer.contains("5 wallets of 3 grants"), "{answer}");
        assert!(told.contains("left at http://127.0.0.1:"), "{told}");
    }
    let refused = |words: &[&str]| {
        let (code, _, told) = run_in(directory.path(), &[&["bench"], words].concat());
        assert_eq!(code, 1, "{words:?}: {told}");
        told
    };
    let told = refused(&[&words[..], &[KEY, "--grants", "1"]].concat());
    assert!(told.contains("has 3 grants of an earlier run"), "{told}");
    let told = refused(&[&words[..], &["server-unknown"]].concat());
    assert!(told.contains("the server answered 401"), "{told}");
    server.stop();
    let told = refused(&[&words[..], &[KEY]].concat());
    assert!(told.contains("is a server running there?"), "{told}");
    let told = refused(&["load", "--url", "https://127.0.0.1", "--api-key", KEY]);
    assert!(told.contains("plain http"), "{told}");
}

#[test]
fn every_target_has_its_row() {
    let directory = tempfile::tempdir().unwrap();
    let measured = object(directory.path(), &["targets", "--quick"]);
    let rows = measured["targets"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    let expected = [
        "single",
        "tail",
        "batches",
        "holds",
        "reads",
        "hot",
        "known",
        "grants",
        "rows",
        "stopped",
        "killed",
        "memory",
        "memory-growth",
        "disk",
    ];
    assert_eq!(names, expected, "all but that on PostgreSQL, which needs a database");
    for row in rows {
        assert!(row["measured"].as_u64().unwrap() > 0, "{row}");
        assert!(row["is_met"].is_boolean() && row["target"].is_string(), "{row}");
    }
    assert!(is_empty(directory.path()), "nothing is left behind");
}

#[test]
fn targets_can_be_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let (answer, _) = bench(directory.path(), &["targets", "--quick", "--only", "grants,batches"]);
    let rows = answer.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, 4, "two of them under their heads: {answer}");
}

#[test]
fn latency_is_drawn_against_load() {
    let directory = tempfile::tempdir().unwrap();
    let plot = directory.path().join("latency.svg");
    let plot_word = plot.to_str().unwrap();
    let words = ["latency", "--quick", "--steps", "2", "--plot", plot_word];
    let measured = object(directory.path(), &words);
    for who in ["server", "reference"] {
        assert_eq!(measured[who].as_array().unwrap().len(), 2, "{measured}");
    }
    assert!(fs::read_to_string(plot).unwrap().starts_with("<svg"));
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = scrip()
        .args(["bench", "load", "--wallets", "10", "--seconds", "600"])
        .current_dir(directory.path())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while is_empty(directory.path()) {
        assert!(started.elapsed() < Duration::from_secs(60), "it makes a directory");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(500));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(is_empty(directory.path()));
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let (code, _, told) = run_in(Path::new("/proc"), &["bench", "load", "--quick"]);
    assert_eq!(code, 1);
    assert!(told.contains("making a directory beside the working directory"), "{told}");
}
