//! `scrip anchor`, and how `serve` signs anchors.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use scrip_api::AnchorSigning;
use scrip_integrations::anchors::{Anchorer, Options};
use scrip_ledger::Ledger;
use scrip_ledger::anchors::{AnchorKey, Given, from_hex, to_hex};

use crate::cli::{AnchorCommand, AnchorOptions, KeyFileOptions, VerifyOptions};
use crate::private_file::{self, Existing};

/// How often it is looked what changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Carries out `scrip anchor`.
pub fn run(command: &AnchorCommand) -> anyhow::Result<ExitCode> {
    let key = match command {
        AnchorCommand::Key(KeyFileOptions { file }) => make_key(file)?,
        AnchorCommand::PublicKey(KeyFileOptions { file }) => read_key(file)?,
    };
    tell(&key);
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the public key is the command's answer")]
fn tell(key: &AnchorKey) {
    println!("{}", to_hex(&key.public_key()));
}

fn make_key(path: &Path) -> anyhow::Result<AnchorKey> {
    let pem = AnchorKey::pem_of(rand::random());
    let key = AnchorKey::of_pem(&pem)?;
    // Anchors that were signed with a key that is there must stay signed with it.
    let written = private_file::write(path, Existing::Kept, pem.as_bytes());
    written.with_context(|| format!("making the key file {}", path.display()))?;
    Ok(key)
}

fn read_key(path: &Path) -> anyhow::Result<AnchorKey> {
    let about = || format!("the anchor key file {}", path.display());
    let text = fs::read_to_string(path).with_context(about)?;
    AnchorKey::of_pem(&text).with_context(about)
}

/// The key that `serve` signs with. It must not lie in the data, or whoever takes or changes them has it.
pub fn key(options: &AnchorOptions, data: &Path) -> anyhow::Result<Option<AnchorKey>> {
    if let Some(directory) = &options.anchor_directory
        && !directory.is_dir()
    {
        bail!("--anchor-directory: there is no directory {}", directory.display());
    }
    let Some(path) = &options.anchor_key_file else { return Ok(None) };
    let key = read_key(path)?;
    let place = fs::canonicalize(path).with_context(|| path.display().to_string())?;
    if fs::canonicalize(data).is_ok_and(|data| place.starts_with(data)) {
        bail!(
            "--anchor-key-file: {} lies in the data directory; keep the key elsewhere, for it proves \
             nothing to whoever has both",
            path.display()
        );
    }
    Ok(Some(key))
}

/// What the API says of it.
pub fn signing(options: &AnchorOptions, key: Option<&AnchorKey>) -> Option<AnchorSigning> {
    let every_seconds = options.anchor_every_seconds;
    key.map(|key| AnchorSigning { public_key: key.public_key(), every_seconds })
}

/// Begins to sign and to write, if there is anything to do.
pub fn start(
    options: &AnchorOptions,
    key: Option<AnchorKey>,
    ledger: &Arc<dyn Ledger>,
) -> Option<Anchorer> {
    if key.is_none() && options.anchor_directory.is_none() {
        return None;
    }
    let every = Duration::from_secs(options.anchor_every_seconds.into());
    let directory = options.anchor_directory.clone();
    let look_every = LOOK_EVERY.min(every);
    let options = Options { key, every, directory, look_every };
    Some(Anchorer::start(Arc::clone(ledger), options))
}

/// The anchors that a store is to be compared with.
pub fn given(options: &VerifyOptions) -> anyhow::Result<Vec<Given>> {
    let pinned = options.anchor_public_key.iter().map(|text| {
        let key: Option<[u8; 32]> = from_hex(&text.to_lowercase());
        key.with_context(|| format!("--anchor-public-key: {text:?} is not 64 hexadecimal digits"))
    });
    let pinned = pinned.collect::<anyhow::Result<Vec<_>>>()?;
    let mut all = Vec::new();
    for path in &options.anchor {
        let about = || format!("--anchor {}", path.display());
        let text = fs::read_to_string(path).with_context(about)?;
        let given = Given::read(&text).with_context(about)?;
        for Given { anchor, .. } in &given {
            let key = &anchor.statement.public_key;
            if !pinned.is_empty() && !pinned.contains(key) {
                let number = anchor.statement.number;
                bail!("{}: anchor {number} is signed with another key, {}", about(), to_hex(key));
            }
        }
        all.extend(given);
    }
    Ok(all)
}
