//! Threads over HTTP: the server keeps its promises, and a server that does not is found out.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod liar;

use std::path::PathBuf;
use std::process::Command;

use liar::{Lie, before};
use scrip_simulator::concurrent::{Failure, Options, fresh_seed, run, run_through};

/// The program under test, as it is in the tree; `SCRIP_BINARY` names another.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("SCRIP_BINARY") {
        return named.into();
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--package", "scrip"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(built.success(), "scrip is not built");
    // A test stands in `deps`, below the programs.
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("scrip")
}

fn options(seconds: u64) -> Options {
    let seed = fresh_seed();
    eprintln!("seed {seed}");
    Options {
        seed: Some(seed),
        seconds,
        threads: 5,
        wallets: 4,
        without_kills: true,
        binary: Some(binary()),
    }
}

#[test]
fn every_answer_has_its_place_in_an_order() {
    let options = Options { without_kills: false, ..options(8) };
    let report = run(&options).unwrap_or_else(|failure| panic!("{failure}"));
    eprintln!("{report}");
    assert!(report.calls > 100, "{report}");
    assert!(report.undecided * 5 <= report.rounds, "{report}");
}

#[test]
fn an_honest_go_between_is_believed() {
    let report = run_through(&options(4), |server| before(server, Lie::None));
    let report = report.unwrap_or_else(|failure| panic!("{failure}"));
    eprintln!("{report}");
}

fn is_found_out(lie: Lie) {
    let outcome = run_through(&options(90), |server| before(server, lie));
    match outcome {
        Err(Failure::NoOrder(story)) => eprintln!("{story}"),
        Err(other) => panic!("{lie:?} is found out by another sign: {other}"),
        Ok(report) => panic!("{lie:?} is not found out: {report}"),
    }
}

#[test]
fn a_balance_of_a_moment_ago_is_found_out() {
    is_found_out(Lie::OldBalance);
}

#[test]
fn a_lost_item_of_a_batch_is_found_out() {
    is_found_out(Lie::LostItem);
}

#[test]
fn a_key_that_burns_twice_is_found_out() {
    is_found_out(Lie::BurnsTwice);
}

#[test]
fn a_refused_batch_that_happens_is_found_out() {
    is_found_out(Lie::PhantomBatch);
}
