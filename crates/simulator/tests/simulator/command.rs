//! The command: the same seed gives the same bytes.

use std::process::{Command, Output};

fn simulator(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip-simulator"));
    command.args(arguments.split_whitespace()).output().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for arguments in [
        "--seed 7 --steps 80 --print --target memory",
        "--seed 8 --steps 80 --print --target embedded",
        "--seed 9 --steps 30 --histories 3",
    ] {
        let (one, other) = (simulator(arguments), simulator(arguments));
        assert!(one.status.success(), "{arguments}: {one:?}");
        assert!(one.stderr.is_empty(), "there is no terminal: {one:?}");
        assert_eq!(one.stdout, other.stdout, "{arguments}");
    }
    let told = |arguments| String::from_utf8(simulator(arguments).stdout).unwrap();
    let in_memory = told("--seed 7 --steps 80 --print --target memory");
    assert!(in_memory.starts_with("seed 7, 80 steps\n"), "{in_memory}");
    assert!(in_memory.contains("\ncustomer ann create\n    Done\n"), "{in_memory}");
    assert_eq!(told("--seed 7 --steps 80 --print --target embedded"), in_memory);
    assert_ne!(told("--seed 8 --steps 80 --print --target memory"), in_memory);
}

#[test]
fn a_fresh_seed_is_told_first_and_can_be_given_again() {
    let once = "--steps 20 --histories 1 --target memory";
    let told = |arguments: &str| String::from_utf8(simulator(arguments).stdout).unwrap();
    let (one, other) = (told(once), told(once));
    assert_ne!(one.lines().next(), other.lines().next(), "a fresh seed each time");
    let seed = one.strip_prefix("seed ").and_then(|rest| rest.split(',').next()).unwrap();
    assert_eq!(told(&format!("{once} --seed {seed}")), one);
}

#[test]
fn every_option_is_explained() {
    let help = String::from_utf8(simulator("--help").stdout).unwrap();
    for option in ["--seed", "--steps", "--histories", "--minutes", "--target", "--print"] {
        assert!(help.contains(option), "{option}: {help}");
    }
    for (command, options) in [
        ("histories", &["--seed", "--steps", "--histories", "--minutes"][..]),
        ("faults", &["--seed", "--directories", "--minutes"]),
        ("concurrent", &["--seed", "--seconds", "--threads", "--binary"]),
        ("stripe", &["--listen", "--state"]),
        ("all", &["--seed", "--minutes", "--binary"]),
    ] {
        assert!(help.contains(command), "{command}: {help}");
        let help = String::from_utf8(simulator(&format!("{command} --help")).stdout).unwrap();
        for option in options {
            assert!(help.contains(option), "{command} {option}: {help}");
        }
    }
}
