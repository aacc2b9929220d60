//! Where the first keys go, and when keys were used.

use std::fs::DirBuilder;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scrip_api::App;
use scrip_ledger::InitialKey;

use crate::private_file::{Existing, write};

/// How often it is written which keys were used, if any is new.
const USES_WRITTEN_EVERY: Duration = Duration::from_secs(60);
/// How long a stop waits for it: less than anybody would miss.
const LAST_USES_WITHIN: Duration = Duration::from_secs(2);

/// Writes the keys into the data directory, readable for its owner only, and makes them durable.
pub fn keep(directory: &Path, keys: &[InitialKey]) -> std::io::Result<()> {
    let path = path(directory);
    make_private(directory)?;
    let lines = keys.iter().map(|InitialKey { environment, key }| format!("{environment} {key}\n"));
    write(&path, Existing::Replaced, lines.collect::<String>().as_bytes())
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

/// Writes when keys were used, again and again, behind the requests.
pub async fn note_uses(app: App) {
    let mut every = tokio::time::interval(USES_WRITTEN_EVERY);
    loop {
        every.tick().await;
        app.write_key_uses().await;
    }
}

/// Writes when keys were used last, unless that keeps a stop waiting.
pub async fn note_last_uses(app: &App) {
    if tokio::time::timeout(LAST_USES_WITHIN, app.write_key_uses()).await.is_err() {
        tracing::warn!("when API keys were used last could not be written in time");
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("initial-keys")
}
