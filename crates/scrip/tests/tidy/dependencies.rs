//! Who may depend on whom, and on what of the outside world.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The only allowed edges between our crates (ARCHITECTURE.md). A crate that may see something it
/// should not will use it.
const EDGES: &[(&str, &[&str])] = &[
    ("scrip-core", &[]),
    ("scrip-ledger", &["scrip-core"]),
    ("scrip-api", &["scrip-core", "scrip-ledger"]),
    ("scrip-integrations", &["scrip-core", "scrip-ledger"]),
    // Asks the API in process: what it shows is what the documented operations answer.
    ("scrip-console", &["scrip-core", "scrip-ledger"]),
    ("scrip-bench", &["scrip-core", "scrip-ledger", "scrip-api"]),
    // What checks the product must not share its understanding: the oracle sees nothing of it.
    ("scrip-oracle", &[]),
    ("scrip-disk", &[]),
    ("scrip-fuzz", &[]),
    ("scrip-simulator", &["scrip-core", "scrip-disk", "scrip-ledger", "scrip-oracle"]),
    (
        "scrip",
        &[
            "scrip-core",
            "scrip-ledger",
            "scrip-api",
            "scrip-console",
            "scrip-integrations",
            "scrip-bench",
        ],
    ),
];

/// What the rules must not be able to reach.
const FORBIDDEN_IN_CORE: &[&str] =
    &["tokio", "rand", "getrandom", "serde_json", "rusqlite", "axum", "hyper", "tracing"];

/// Licences that let everybody use the binary.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> Vec<&Value> {
    metadata["packages"].as_array().unwrap().iter().collect()
}

fn is_ours(package: &Value) -> bool {
    package["source"].is_null()
}

/// The names of what a package is built from; what only its tests use does not count.
fn dependencies(package: &Value) -> BTreeSet<&str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| text(dependency, "kind") != "dev")
        .map(|dependency| text(dependency, "name"))
        .collect()
}

#[test]
fn crate_edges_are_those_of_the_architecture() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let ours: Vec<_> = packages(&metadata).into_iter().filter(|package| is_ours(package)).collect();
    assert!(ours.len() >= 4, "the workspace is not found");
    for package in &ours {
        let name = text(package, "name");
        let edges = allowed.get(name).unwrap_or_else(|| panic!("{name} is not in EDGES"));
        for dependency in dependencies(package) {
            let is_crate = ours.iter().any(|other| text(other, "name") == dependency);
            assert!(
                !is_crate || edges.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_core_reaches_nothing_outside() {
    let metadata = metadata();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let by_id: BTreeMap<_, _> = nodes.iter().map(|node| (text(node, "id"), node)).collect();
    let names: BTreeMap<_, _> = packages(&metadata)
        .into_iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let core = names.iter().find(|(_, name)| **name == "scrip-core").unwrap().0;
    let mut reached = BTreeSet::new();
    let mut waiting = vec![*core];
    while let Some(id) = waiting.pop() {
        for dependency in by_id[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let is_normal = kinds.iter().any(|kind| kind["kind"].is_null());
            let package = text(dependency, "pkg");
            if is_normal && reached.insert(package) {
                waiting.push(package);
            }
        }
    }
    let reached: BTreeSet<_> = reached.into_iter().map(|id| names[id]).collect();
    assert!(reached.contains("serde"), "the walk finds nothing");
    for forbidden in FORBIDDEN_IN_CORE {
        assert!(!reached.contains(forbidden), "the core reaches {forbidden}");
    }
}

#[test]
fn everything_comes_from_the_registry_under_a_known_licence() {
    let metadata = metadata();
    for package in packages(&metadata).into_iter().filter(|package| !is_ours(package)) {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        assert!(text(package, "source").starts_with("registry+"), "{name} is not from a registry");
        // `A OR B` offers a choice, `A AND B` demands both; brackets only group here.
        let licence = licence.replace(['(', ')'], "").replace('/', " OR ");
        let is_known = licence
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|choice| LICENCES.contains(&choice.trim())));
        assert!(is_known, "{name} has the licence {licence:?}");
    }
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    for crate_directory in std::fs::read_dir(root().join("crates")).unwrap() {
        let path = crate_directory.unwrap().path().join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path).unwrap();
        let mut in_dependencies = false;
        let mut above = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]") && line != "[dev-dependencies]";
            } else if in_dependencies && !line.is_empty() && !line.starts_with('#') {
                let is_ours = line.starts_with("scrip-");
                assert!(
                    is_ours || above.starts_with('#'),
                    "{}: no reason above `{line}`",
                    path.display()
                );
            }
            above = line;
        }
    }
}
