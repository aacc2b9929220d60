//! Every example of `tests/examples` runs; a failing one tells its name and its last line.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use crate::script::run;

#[test]
fn every_worked_example_comes_out_as_the_specification_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 40, "{} examples", paths.len());
    let mut failed = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        println!("== {name}");
        if catch_unwind(|| run(&text)).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
