//! Where the first keys go.

use std::fs::{DirBuilder, File};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use scrip_ledger::InitialKey;

/// Writes the keys into the data directory, readable for its owner only, and makes them durable.
pub fn keep(directory: &Path, keys: &[InitialKey]) -> std::io::Result<()> {
    let path = path(directory);
    make_private(directory)?;
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&path)?;
    for InitialKey { environment, key } in keys {
        writeln!(file, "{environment} {key}")?;
    }
    file.sync_all()?;
    File::open(directory)?.sync_all()
}

/// Where everything else is in a database, the keys may be the first thing in their directory.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut options = DirBuilder::new();
    options.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        options.mode(0o700);
    }
    options.create(directory)
}

/// Says where the keys are, and the keys themselves only to a terminal.
#[expect(clippy::print_stderr, reason = "a person who starts the server needs the keys")]
pub fn tell(directory: &Path, keys: &[InitialKey]) {
    let path = path(directory);
    eprintln!("The first API keys are in {}", path.display());
    if std::io::stderr().is_terminal() {
        for InitialKey { environment, key } in keys {
            eprintln!("  {environment:<10} {key}");
        }
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("initial-keys")
}
