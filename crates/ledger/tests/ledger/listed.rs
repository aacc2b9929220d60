//! A scenario that nobody runs is no scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_scenario_is_listed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance");
    let list = fs::read_to_string(directory.join("mod.rs")).unwrap();
    let listed: BTreeSet<&str> = list.lines().map(str::trim).collect();
    let mut count = 0;
    for file in fs::read_dir(&directory).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
            let name = rest.split('(').next().unwrap();
            assert!(listed.contains(name), "{}: {name} is not listed", path.display());
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}
