//! Anchors as files, each with its heads, in a directory that should lie on another machine's disk.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scrip_ledger::anchors::{self, Anchor, WalletHead, anchor_line, head_line};
use scrip_ledger::{Ledger, LedgerError};

/// A directory of anchors.
pub(super) struct Export {
    directory: PathBuf,
    /// All up to this one are there.
    reached: Option<Anchor>,
    failed_at: Option<Instant>,
    /// How long nothing is tried after a file that could not be written.
    rests: Duration,
}

impl Export {
    pub(super) const fn into(directory: PathBuf, rests: Duration) -> Self {
        Self { directory, reached: None, failed_at: None, rests }
    }

    /// Writes the anchors that are not there, the oldest first. What cannot be written is tried again
    /// some time later, and is told; anchors are signed all the same.
    pub(super) async fn catch_up(
        &mut self,
        ledger: &dyn Ledger,
        newest: Anchor,
    ) -> Result<(), LedgerError> {
        let is_resting = self.failed_at.is_some_and(|at| at.elapsed() < self.rests);
        if is_resting || self.reached.as_ref() == Some(&newest) {
            return Ok(());
        }
        self.failed_at = None;
        for anchor in self.missing(ledger, newest).await? {
            let number = anchor.statement.number;
            let Some(heads) = anchors::heads_of(ledger, &anchor.statement).await? else {
                tracing::error!(number, "the heads under an anchor are damaged; run scrip verify");
                continue;
            };
            if let Err(error) = self.write(anchor.clone(), heads).await {
                tracing::error!(number, %error, directory = %self.directory.display(),
                    "an anchor cannot be written into its directory");
                self.failed_at = Some(Instant::now());
                return Ok(());
            }
            self.reached = Some(anchor);
        }
        Ok(())
    }

    /// The anchors up to the newest that have no file, the oldest first.
    async fn missing(
        &self,
        ledger: &dyn Ledger,
        newest: Anchor,
    ) -> Result<Vec<Anchor>, LedgerError> {
        // One that cannot be listed cannot be written into either, which is told then.
        let there = names_in(&self.directory).unwrap_or_default();
        let mut missing = Vec::new();
        let mut next = Some(newest);
        while let Some(anchor) = next {
            if self.reached.as_ref() == Some(&anchor)
                || there.contains(&OsString::from(name(&anchor)))
            {
                break;
            }
            let before = anchor.statement.number - 1;
            missing.push(anchor);
            next = anchors::numbered(ledger, before).await?;
        }
        missing.reverse();
        Ok(missing)
    }

    async fn write(&self, anchor: Anchor, heads: Vec<WalletHead>) -> io::Result<()> {
        let directory = self.directory.clone();
        let write = move || write(&directory, &anchor, &heads);
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

/// The name of an anchor's file. It names the hash: of two anchors of one number, which a restored backup
/// may bring about, none takes the place of the other.
fn name(anchor: &Anchor) -> String {
    let hash = anchor.statement.hash().to_string();
    format!("anchor-{:010}-{}.jsonl", anchor.statement.number, hash.get(..16).unwrap_or(&hash))
}

fn names_in(directory: &Path) -> io::Result<HashSet<OsString>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Writes a file that is there whole or not at all, and stays.
fn write(directory: &Path, anchor: &Anchor, heads: &[WalletHead]) -> io::Result<()> {
    let name = name(anchor);
    let unfinished = directory.join(format!(".{name}.unfinished"));
    let run = || {
        let mut file = BufWriter::new(File::create(&unfinished)?);
        file.write_all(anchor_line(anchor).as_bytes())?;
        for head in heads {
            file.write_all(head_line(head).as_bytes())?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&unfinished, directory.join(&name))?;
        File::open(directory)?.sync_all()
    };
    let written = run();
    if written.is_err() {
        // What is left would take room that is wanted.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
