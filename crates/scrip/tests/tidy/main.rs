//! What reviewers should not have to look for: crate edges, dependencies, file sizes, wording.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dependencies;
mod files;

use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap().to_owned()
}
