//! What every file of the repository keeps to.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// A reader holds about four hundred lines in the head; beyond this there is a second subject.
const LINES_MAX: usize = 600;
const COLUMNS_MAX: usize = 100;

/// Words that promise work instead of doing it. Written in two halves, so as not to find itself.
const UNFINISHED: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

fn tracked(extension: &str) -> Vec<(PathBuf, String)> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files");
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<_> = names
        .lines()
        .map(PathBuf::from)
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter(|path| root().join(path).exists())
        .map(|path| (path.clone(), std::fs::read_to_string(root().join(path)).unwrap()))
        .collect();
    assert!(!files.is_empty(), "no {extension} files");
    files
}

#[test]
fn files_can_be_held_in_the_head() {
    for (path, text) in tracked("rs").into_iter().chain(tracked("py")) {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            let is_snapshot_or_link = line.contains("http") || is_in_snapshot(&path);
            assert!(
                columns <= COLUMNS_MAX + 20 || is_snapshot_or_link,
                "{}:{} has {columns} columns",
                path.display(),
                number + 1
            );
        }
    }
}

/// Tests quote answers as they are.
fn is_in_snapshot(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn nothing_is_left_undone() {
    for extension in ["rs", "py", "sql", "toml"] {
        for (path, text) in tracked(extension) {
            for word in UNFINISHED {
                let found = text.split(|c: char| !c.is_ascii_alphabetic()).any(|w| w == *word);
                assert!(!found, "{} says {word}", path.display());
            }
        }
    }
}

#[test]
fn every_document_has_one_title() {
    for (path, text) in tracked("md") {
        let mut in_code = false;
        let titles = text.lines().filter(|line| {
            in_code ^= line.starts_with("```");
            !in_code && line.starts_with("# ")
        });
        assert_eq!(titles.count(), 1, "{}", path.display());
    }
}

#[test]
fn every_rust_file_says_why_it_exists() {
    for (path, text) in tracked("rs") {
        assert!(text.starts_with("//!"), "{} has no module comment", path.display());
    }
}

#[test]
fn sql_is_lower_case() {
    for (path, text) in tracked("sql") {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("--"));
        for line in code {
            // A name in quotes is as its owner spells it.
            let words: String = line.split('"').step_by(2).collect();
            assert_eq!(words, words.to_lowercase(), "{}", path.display());
        }
    }
}

#[test]
fn no_float_comes_near_a_credit() {
    for (path, text) in tracked("rs") {
        let counts = ["crates/core/src", "crates/ledger/src", "crates/api/src"];
        if counts.iter().any(|folder| path.starts_with(folder)) {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(!words.any(|w| w == "f32" || w == "f64"), "{}", path.display());
        }
    }
}
